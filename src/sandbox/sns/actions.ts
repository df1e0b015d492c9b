/**
 * The API actions of SNS, such as Publish and Subscribe.
 *
 * @module
 */
import { boolean, required, shape, shapes, text, texts } from "../wire/input.ts";
import { page } from "../wire/paging.ts";
import { ACCOUNT_ID, AwsError, type Service, type Shape } from "../wire/action.ts";
import {
  readAttribute,
  readAttributes,
  SUBSCRIPTION_ATTRIBUTES,
  subscriptionAttributes,
  TOPIC_ATTRIBUTES,
  topicAttributes,
} from "./attributes.ts";
import type { MessageAttribute } from "./message.ts";
import type { Faults } from "../faults/faults.ts";
import type { Sender } from "./sender.ts";
import { invalidParameter, type Subscription, type Topic, type Topics } from "./topics.ts";

/** Number of items on a page. Source: SNS API, ListTopics, ListSubscriptions. */
const PAGE_SIZE = 100;

/** Returns the SNS API actions that need a signed request. */
export function signedActions(topics: Topics, sender: Sender, faults: Faults): Service {
  const topicOf = (input: Shape, action: string, member = "TopicArn") =>
    topics.require(required(text(input, member), member), action);
  const subscriptionOf = (input: Shape, action: string) => {
    const found = topics.subscription(required(text(input, "SubscriptionArn"), "SubscriptionArn"), action);
    if (found === undefined) throw new AwsError("NotFound", "Subscription does not exist", 404);
    return found.subscription;
  };
  const listed = (subscriptions: readonly Subscription[], input: Shape) => {
    const { items, ...next } = page(
      subscriptions,
      ({ arn }) => arn,
      PAGE_SIZE,
      text(input, "NextToken"),
      invalidToken,
    );
    return {
      Subscriptions: items.map((subscription) => ({
        SubscriptionArn: subscription.confirmed ? subscription.arn : "PendingConfirmation",
        Owner: ACCOUNT_ID,
        Protocol: subscription.protocol,
        Endpoint: subscription.endpoint,
        TopicArn: subscription.topicArn,
      })),
      ...next,
    };
  };
  return {
    CreateTopic: (input) => {
      const name = required(text(input, "Name"), "Name");
      const given = readAttributes(input, TOPIC_ATTRIBUTES);
      const countBefore = topics.all().length;
      const topic = topics.create(name);
      if (
        topics.all().length === countBefore &&
        [...given].some(([key, value]) => topic.attributes.get(key) !== value)
      ) {
        throw invalidParameter("Attributes Reason: Topic already exists with different attributes");
      }
      for (const [key, value] of given) topic.attributes.set(key, value);
      addTags(topic, input);
      return { TopicArn: topic.arn };
    },

    DeleteTopic: (input) => topics.delete(required(text(input, "TopicArn"), "TopicArn")),

    ListTopics: (input) => {
      const { items, ...next } = page(
        topics.all(),
        ({ arn }) => arn,
        PAGE_SIZE,
        text(input, "NextToken"),
        invalidToken,
      );
      return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), ...next };
    },

    GetTopicAttributes: (input) => ({ Attributes: topicAttributes(topicOf(input, "GetTopicAttributes")) }),

    SetTopicAttributes: (input) => {
      const topic = topicOf(input, "SetTopicAttributes");
      const [name, value] = readAttribute(input, TOPIC_ATTRIBUTES);
      topic.attributes.set(name, value);
    },

    Subscribe: (input) => {
      const topic = topicOf(input, "Subscribe");
      const protocol = required(text(input, "Protocol"), "Protocol");
      const endpoint = text(input, "Endpoint") ?? "";
      checkEndpoint(protocol, endpoint);
      const requested = { protocol, endpoint, attributes: readAttributes(input, SUBSCRIPTION_ATTRIBUTES) };
      const subscription = topics.subscribe(topic, requested);
      const responded = subscription.confirmed ||
        sender.sendConfirmation("SubscriptionConfirmation", topic, subscription);
      const showArn = subscription.confirmed || boolean(input, "ReturnSubscriptionArn") === true;
      const output = { SubscriptionArn: showArn ? subscription.arn : "pending confirmation" };
      if (!faults.checkEndpoints) return output;
      return Promise.resolve(responded).then((reachable) => {
        if (reachable) return output;
        topics.discard(topic, subscription);
        throw invalidParameter("Unreachable Endpoint");
      });
    },

    ConfirmSubscription: (input) => {
      const topic = topicOf(input, "ConfirmSubscription");
      const token = required(text(input, "Token"), "Token");
      return {
        SubscriptionArn:
          topics.confirm(topic, token, true, boolean(input, "AuthenticateOnUnsubscribe") ?? false).arn,
      };
    },

    Unsubscribe: (input) => {
      const found = topics.subscription(
        required(text(input, "SubscriptionArn"), "SubscriptionArn"),
        "Unsubscribe",
      );
      if (found === undefined) return;
      if (!found.subscription.confirmed) {
        throw invalidParameter("SubscriptionArn Reason: The subscription is pending confirmation");
      }
      topics.unsubscribe(found.topic, found.subscription);
    },

    ListSubscriptions: (input) =>
      listed(topics.all().flatMap(({ subscriptions }) => [...subscriptions.values()]), input),
    ListSubscriptionsByTopic: (input) =>
      listed([...topicOf(input, "ListSubscriptionsByTopic").subscriptions.values()], input),

    GetSubscriptionAttributes: (input) => ({
      Attributes: subscriptionAttributes(subscriptionOf(input, "GetSubscriptionAttributes")),
    }),

    SetSubscriptionAttributes: (input) => {
      const subscription = subscriptionOf(input, "SetSubscriptionAttributes");
      const [name, value] = readAttribute(input, SUBSCRIPTION_ATTRIBUTES);
      subscription.attributes.set(name, value);
    },

    Publish: (input) => {
      const topic = topicOf(
        input,
        "Publish",
        text(input, "TopicArn") === undefined ? "TargetArn" : "TopicArn",
      );
      const message = required(text(input, "Message"), "Message");
      if (input["MessageStructure"] !== undefined) {
        throw invalidParameter("MessageStructure: the sandbox supports plain messages only");
      }
      return {
        MessageId: sender.publish(topic, text(input, "Subject"), message, readMessageAttributes(input)),
      };
    },

    TagResource: (input) => addTags(topicOf(input, "TagResource", "ResourceArn"), input),
    UntagResource: (input) => {
      const { tags } = topicOf(input, "UntagResource", "ResourceArn");
      for (const key of texts(input, "TagKeys")) tags.delete(key);
    },
    ListTagsForResource: (input) => ({
      Tags: [...topicOf(input, "ListTagsForResource", "ResourceArn").tags].map(([Key, Value]) => ({
        Key,
        Value,
      })),
    }),
  };
}

/** Returns the SNS API actions that need no signature. Messages contain links to these actions. */
export function unsignedActions(topics: Topics, sender: Sender): Service {
  return {
    ConfirmSubscription: (input) => {
      const topic = topics.require(required(text(input, "TopicArn"), "TopicArn"), "ConfirmSubscription");
      if (boolean(input, "AuthenticateOnUnsubscribe")) {
        throw new AwsError("AuthorizationError", "AuthenticateOnUnsubscribe needs a signed request", 403);
      }
      return {
        SubscriptionArn: topics.confirm(topic, required(text(input, "Token"), "Token"), false, false).arn,
      };
    },

    Unsubscribe: (input) => {
      const arn = required(text(input, "SubscriptionArn"), "SubscriptionArn");
      const found = topics.subscription(arn, "Unsubscribe");
      if (found === undefined) return;
      if (found.subscription.authenticateOnUnsubscribe) {
        throw new AwsError(
          "AuthorizationError",
          "The owner of this subscription is not anonymous: unsubscribing needs a signed request",
          403,
        );
      }
      const deleted = topics.unsubscribe(found.topic, found.subscription);
      void sender.sendConfirmation("UnsubscribeConfirmation", found.topic, deleted);
    },
  };
}

function invalidToken(): AwsError {
  return invalidParameter("NextToken");
}

function checkEndpoint(protocol: string, endpoint: string): void {
  if (protocol !== "http" && protocol !== "https") {
    throw invalidParameter(`Protocol: the sandbox delivers messages over http and https, not ${protocol}`);
  }
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== `${protocol}:`) {
    throw invalidParameter("Endpoint must match the specified protocol");
  }
}

function addTags({ tags }: Topic, input: Shape): void {
  const given = shapes(input, "Tags").map((tag) =>
    [required(text(tag, "Key"), "Key"), required(text(tag, "Value"), "Value")] as const
  );
  if (new Set([...tags.keys(), ...given.map(([key]) => key)]).size > 50) {
    throw new AwsError("TagLimitExceeded", "A topic has 50 tags at most");
  }
  for (const [key, value] of given) tags.set(key, value);
}

function readMessageAttributes(input: Shape): Record<string, MessageAttribute> {
  const given = shape(input, "MessageAttributes") ?? {};
  return Object.fromEntries(
    Object.keys(given).map((name) => {
      const value = required(shape(given, name), name);
      const Value = text(value, "StringValue") ?? text(value, "BinaryValue");
      return [name, {
        Type: required(text(value, "DataType"), "DataType"),
        Value: required(Value, "StringValue"),
      }];
    }),
  );
}
