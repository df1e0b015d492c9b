/**
 * Reads and formats the attributes of topics and subscriptions.
 *
 * @module
 */
import { required, shape, text } from "../wire/input.ts";
import { ACCOUNT_ID, type Shape } from "../wire/action.ts";
import { DEFAULT_POLICY, parseRetryPolicy } from "./delivery_policy.ts";
import { invalidParameter, type Subscription, type Topic } from "./topics.ts";

/** Names of the topic attributes that a request can set. */
export const TOPIC_ATTRIBUTES = [
  "DeliveryPolicy",
  "DisplayName",
  "KmsMasterKeyId",
  "Policy",
  "SignatureVersion",
  "TracingConfig",
];
/** Names of the subscription attributes that a request can set. */
export const SUBSCRIPTION_ATTRIBUTES = ["DeliveryPolicy", "RawMessageDelivery"];

/** Reads the Attributes parameter of a request. Throws AwsError InvalidParameter. */
export function readAttributes(input: Shape, known: readonly string[]): ReadonlyMap<string, string> {
  const given = shape(input, "Attributes") ?? {};
  return new Map(Object.keys(given).map((name) => checkAttribute(name, text(given, name) ?? "", known)));
}

/** Reads the parameters AttributeName and AttributeValue of a request. Throws AwsError InvalidParameter. */
export function readAttribute(input: Shape, known: readonly string[]): readonly [string, string] {
  return checkAttribute(
    required(text(input, "AttributeName"), "AttributeName"),
    text(input, "AttributeValue") ?? "",
    known,
  );
}

function checkAttribute(name: string, value: string, known: readonly string[]): readonly [string, string] {
  if (!known.includes(name)) throw invalidParameter(`AttributeName: the sandbox does not support ${name}`);
  if (name === "SignatureVersion" && value !== "1" && value !== "2") {
    throw invalidParameter("SignatureVersion");
  }
  if (name === "RawMessageDelivery" && value !== "false") {
    throw invalidParameter("RawMessageDelivery: the sandbox sends signed messages only");
  }
  if (name === "DeliveryPolicy") parseRetryPolicy(value);
  return [name, value];
}

/** Returns the attributes of a topic for GetTopicAttributes. */
export function topicAttributes(topic: Topic): Readonly<Record<string, string>> {
  const all = [...topic.subscriptions.values()];
  const confirmed = all.filter((subscription) => subscription.confirmed).length;
  return {
    TopicArn: topic.arn,
    Owner: ACCOUNT_ID,
    DisplayName: "",
    Policy: defaultPolicy(topic.arn),
    EffectiveDeliveryPolicy: JSON.stringify({
      http: {
        defaultHealthyRetryPolicy: effectiveRetryPolicy(topic.attributes),
        disableSubscriptionOverrides: false,
      },
    }),
    SubscriptionsConfirmed: String(confirmed),
    SubscriptionsPending: String(all.length - confirmed),
    SubscriptionsDeleted: String(topic.deletedSubscriptions.size),
    ...Object.fromEntries(topic.attributes),
  };
}

/** Returns the attributes of a subscription for GetSubscriptionAttributes. */
export function subscriptionAttributes(subscription: Subscription): Readonly<Record<string, string>> {
  return {
    SubscriptionArn: subscription.arn,
    TopicArn: subscription.topicArn,
    Owner: ACCOUNT_ID,
    SubscriptionPrincipal: `arn:aws:iam::${ACCOUNT_ID}:root`,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    PendingConfirmation: String(!subscription.confirmed),
    ConfirmationWasAuthenticated: String(subscription.confirmedBySignedCall),
    RawMessageDelivery: "false",
    EffectiveDeliveryPolicy: JSON.stringify({
      healthyRetryPolicy: effectiveRetryPolicy(subscription.attributes),
    }),
    ...Object.fromEntries(subscription.attributes),
  };
}

function effectiveRetryPolicy(attributes: ReadonlyMap<string, string>) {
  const given = attributes.get("DeliveryPolicy");
  return given === undefined ? DEFAULT_POLICY : parseRetryPolicy(given);
}

/** Returns the access policy of a new topic. The policy allows all actions to the topic's owner. */
function defaultPolicy(arn: string): string {
  const actions = [
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
  ];
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [{
      Sid: "__default_statement_ID",
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: [...actions, "ListSubscriptionsByTopic", "Publish"].map((action) => `SNS:${action}`),
      Resource: arn,
      Condition: { StringEquals: { "AWS:SourceOwner": ACCOUNT_ID } },
    }],
  });
}
