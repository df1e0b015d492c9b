/**
 * The attributes of topics and subscriptions. They decide whether and how SNS delivers a message.
 *
 * Source: SNS API, GetTopicAttributes and GetSubscriptionAttributes.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { IncompleteAnswerError } from "../errors.ts";

/** Attributes by name. An attribute that has its default value may be absent. */
export type Attributes = Readonly<Record<string, string>>;

/** Reads the attributes of a topic. Throws NotFound. */
export async function topicAttributes(aws: Aws, TopicArn: string, signal?: AbortSignal): Promise<Attributes> {
  const [client, { GetTopicAttributesCommand }] = await Promise.all([aws.sns(), import("../sdk/sns.ts")]);
  const { Attributes } = await client.send(new GetTopicAttributesCommand({ TopicArn }), sendOptions(signal));
  return listed(Attributes, "topic");
}

/** Reads the attributes of a subscription. Throws NotFound. */
export async function subscriptionAttributes(
  aws: Aws,
  SubscriptionArn: string,
  signal?: AbortSignal,
): Promise<Attributes> {
  const [client, { GetSubscriptionAttributesCommand }] = await Promise.all([
    aws.sns(),
    import("../sdk/sns.ts"),
  ]);
  const command = new GetSubscriptionAttributesCommand({ SubscriptionArn });
  const { Attributes } = await client.send(command, sendOptions(signal));
  return listed(Attributes, "subscription");
}

function listed(attributes: Record<string, string> | undefined, what: string): Attributes {
  if (attributes === undefined) {
    throw new IncompleteAnswerError(`SNS's answer has no attributes of a ${what}`);
  }
  return attributes;
}
