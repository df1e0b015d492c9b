/**
 * SNS: the topic that alarms notify, and the autoscaler's subscription to it.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { code } from "../errors.ts";

/** A subscription; `pending` until it is confirmed, and then its ARN is the word PendingConfirmation. */
export interface Subscription {
  readonly arn: string;
  readonly endpoint: string;
  readonly protocol: string;
  readonly status: "confirmed" | "pending" | "deleted";
}

/**
 * SNS tries for about half an hour, where its default gives up after a minute: long enough for a deployment or a reboot, and
 * within the hour after which the autoscaler refuses a message as stale (R14). Source: SNS developer guide, "message delivery
 * retries"; the whole policy may last 3,600 s.
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

/** The ARN of every topic of the account, page by page. */
export async function* listTopics(aws: Aws, signal?: AbortSignal): AsyncIterable<string> {
  const [client, { ListTopicsCommand }] = await sns(aws);
  let NextToken: string | undefined;
  do {
    const answer = await client.send(
      new ListTopicsCommand(NextToken ? { NextToken } : {}),
      sendOptions(signal),
    );
    for (const { TopicArn } of answer.Topics ?? []) yield TopicArn ?? "";
    NextToken = answer.NextToken;
  } while (NextToken);
}

/** Returns the ARN, of the existing one if there is one. Sets SignatureVersion 2: SHA-256, where the default is SHA-1. */
export async function createTopic(aws: Aws, name: string): Promise<string> {
  const [client, { CreateTopicCommand, SetTopicAttributesCommand }] = await sns(aws);
  const { TopicArn } = await client.send(new CreateTopicCommand({ Name: name }));
  if (TopicArn === undefined) throw new Error(`Cannot create topic ${name}: SNS gave no ARN`);
  // Not with CreateTopic, which refuses an existing topic whose attributes differ.
  const attribute = { TopicArn, AttributeName: "SignatureVersion", AttributeValue: "2" };
  await client.send(new SetTopicAttributesCommand(attribute));
  return TopicArn;
}

/** Deletes a topic and its subscriptions; one that is not there is no error. */
export async function deleteTopic(aws: Aws, arn: string): Promise<void> {
  const [client, { DeleteTopicCommand }] = await sns(aws);
  await client.send(new DeleteTopicCommand({ TopicArn: arn }));
}

/** The topic's subscriptions, page by page. Throws NotFound. */
export async function* listSubscriptions(
  aws: Aws,
  topicArn: string,
  signal?: AbortSignal,
): AsyncIterable<Subscription> {
  const [client, { ListSubscriptionsByTopicCommand }] = await sns(aws);
  let NextToken: string | undefined;
  do {
    const command = new ListSubscriptionsByTopicCommand({
      TopicArn: topicArn,
      ...(NextToken ? { NextToken } : {}),
    });
    const answer = await client.send(command, sendOptions(signal));
    for (const { SubscriptionArn = "", Endpoint = "", Protocol = "" } of answer.Subscriptions ?? []) {
      yield {
        arn: SubscriptionArn,
        endpoint: Endpoint,
        protocol: Protocol,
        status: statusOf(SubscriptionArn),
      };
    }
    NextToken = answer.NextToken;
  } while (NextToken);
}

/** With kas's delivery policy; a repeat returns the existing one, and gives it the policy too. */
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

/** Unsubscribes. A pending subscription can't be: it has no ARN yet, and SNS forgets it after three days. */
export async function unsubscribe(aws: Aws, arn: string): Promise<void> {
  if (statusOf(arn) !== "confirmed") return;
  const [client, { UnsubscribeCommand }] = await sns(aws);
  await client.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
}

/** Confirms with AuthenticateOnUnsubscribe (R14). Returns the subscription's ARN. */
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

async function sns(aws: Aws) {
  return await Promise.all([aws.sns(), import("../sdk/sns.ts")]);
}

function statusOf(arn: string): Subscription["status"] {
  return arn === "PendingConfirmation" ? "pending" : arn === "Deleted" ? "deleted" : "confirmed";
}
