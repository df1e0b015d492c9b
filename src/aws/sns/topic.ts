/**
 * SNS topics and subscriptions. Alarms notify the topic, and the autoscaler subscribes to it.
 *
 * @module
 */
import type { SNSClient } from "@aws-sdk/client-sns";
import { type Aws, sendOptions } from "../clients.ts";
import { code, listIn } from "../errors.ts";
import { pages } from "../many/pages.ts";

/** A subscription. While it is pending, its ARN is `PendingConfirmation`. */
export interface Subscription {
  readonly arn: string;
  readonly endpoint: string;
  readonly protocol: string;
  readonly status: "confirmed" | "pending" | "deleted";
}

/**
 * The delivery policy of kas's subscriptions. With this policy, SNS retries a delivery for about half an hour. A
 * deployment or a reboot takes less time. The autoscaler refuses a message as too old only after an hour (R14). With
 * SNS's default policy, SNS retries for about one minute.
 *
 * SNS accepts only a policy whose retries take at most 3,600 s. Source: SNS developer guide, "message delivery
 * retries".
 */
const DELIVERY_POLICY = JSON.stringify({
  healthyRetryPolicy: {
    numRetries: 40,
    numNoDelayRetries: 0,
    numMinDelayRetries: 4,
    minDelayTarget: 5,
    numMaxDelayRetries: 26,
    maxDelayTarget: 60,
    backoffFunction: "exponential",
  },
});

/** Lists the ARNs of the account's topics. */
export async function* listTopics(aws: Aws, signal?: AbortSignal): AsyncIterable<string> {
  const [client, { ListTopicsCommand }] = await sns(aws);
  const answers = pages(
    (NextToken) => client.send(new ListTopicsCommand({ NextToken }), sendOptions(signal)),
    ({ NextToken }) => NextToken,
  );
  for await (const { Topics } of answers) {
    for (const { TopicArn = "" } of listIn(Topics, "SNS", "topics")) yield TopicArn;
  }
}

/**
 * Creates a topic, or finds the existing topic, and returns its ARN. Sets the topic's SignatureVersion to 2 (SHA-256),
 * because SNS's default is SHA-1.
 */
export async function createTopic(aws: Aws, name: string): Promise<string> {
  const [client, { CreateTopicCommand, SetTopicAttributesCommand }] = await sns(aws);
  const { TopicArn } = await client.send(new CreateTopicCommand({ Name: name }));
  if (TopicArn === undefined) throw new Error(`Cannot create topic ${name}: SNS returned no ARN`);
  // Set the attribute separately, because CreateTopic fails if the topic exists with other attributes.
  const attribute = { TopicArn, AttributeName: "SignatureVersion", AttributeValue: "2" };
  await client.send(new SetTopicAttributesCommand(attribute));
  return TopicArn;
}

/** Deletes a topic and its subscriptions. Has no effect if the topic does not exist. */
export async function deleteTopic(aws: Aws, arn: string): Promise<void> {
  const [client, { DeleteTopicCommand }] = await sns(aws);
  await client.send(new DeleteTopicCommand({ TopicArn: arn }));
}

/** Lists the subscriptions of a topic. Throws NotFound. */
export async function* listSubscriptions(
  aws: Aws,
  topicArn: string,
  signal?: AbortSignal,
): AsyncIterable<Subscription> {
  const [client, { ListSubscriptionsByTopicCommand }] = await sns(aws);
  const answers = pages(
    (NextToken) => {
      const command = new ListSubscriptionsByTopicCommand({ TopicArn: topicArn, NextToken });
      return client.send(command, sendOptions(signal));
    },
    ({ NextToken }) => NextToken,
  );
  for await (const { Subscriptions } of answers) {
    for (
      const { SubscriptionArn = "", Endpoint = "", Protocol = "" } of listIn(
        Subscriptions,
        "SNS",
        "subscriptions",
      )
    ) {
      yield {
        arn: SubscriptionArn,
        endpoint: Endpoint,
        protocol: Protocol,
        status: statusOf(SubscriptionArn),
      };
    }
  }
}

/**
 * Subscribes a URL to a topic with kas's delivery policy, and returns the subscription's ARN. An existing subscription
 * also gets the policy.
 */
export async function subscribe(aws: Aws, topicArn: string, url: string): Promise<string> {
  const [client, { SetSubscriptionAttributesCommand, SubscribeCommand }] = await sns(aws);
  const request = {
    TopicArn: topicArn,
    Protocol: new URL(url).protocol.slice(0, -1),
    Endpoint: url,
    ReturnSubscriptionArn: true,
  };
  try {
    const Attributes = { DeliveryPolicy: DELIVERY_POLICY };
    const { SubscriptionArn } = await client.send(new SubscribeCommand({ ...request, Attributes }));
    return SubscriptionArn ?? "";
  } catch (error) {
    if (code(error) !== "InvalidParameter" || !/different attributes/.test((error as Error).message)) {
      throw error;
    }
  }
  const { SubscriptionArn } = await client.send(new SubscribeCommand(request));
  await client.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn,
      AttributeName: "DeliveryPolicy",
      AttributeValue: DELIVERY_POLICY,
    }),
  );
  return SubscriptionArn ?? "";
}

/**
 * Deletes a subscription. Has no effect on a pending subscription, because it has no ARN yet. SNS deletes a pending
 * subscription after three days.
 */
export async function unsubscribe(aws: Aws, arn: string): Promise<void> {
  if (statusOf(arn) !== "confirmed") return;
  const [client, { UnsubscribeCommand }] = await sns(aws);
  await client.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
}

/**
 * Confirms a subscription and returns its ARN. SNS then unsubscribes it only for a caller with AWS credentials (R14).
 */
export async function confirmSubscription(
  aws: Aws,
  topicArn: string,
  token: string,
  signal?: AbortSignal,
): Promise<string> {
  const [client, { ConfirmSubscriptionCommand }] = await sns(aws);
  const request = { TopicArn: topicArn, Token: token, AuthenticateOnUnsubscribe: "true" };
  const { SubscriptionArn } = await client.send(new ConfirmSubscriptionCommand(request), sendOptions(signal));
  return SubscriptionArn ?? "";
}

function sns(aws: Aws): Promise<[SNSClient, typeof import("../sdk/sns.ts")]> {
  return Promise.all([aws.sns(), import("../sdk/sns.ts")]);
}

function statusOf(arn: string): Subscription["status"] {
  return arn === "PendingConfirmation" ? "pending" : arn === "Deleted" ? "deleted" : "confirmed";
}
