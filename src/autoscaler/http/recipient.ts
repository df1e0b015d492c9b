/**
 * Chooses the fleet that receives a message of a topic. Several fleets may have the same topic.
 *
 * @module
 */
import type { Message } from "../../sns/message.ts";
import { triggerOf } from "../control/notification.ts";

/** What the choice depends on. */
export interface Recipient {
  readonly fleet: string;
  readonly topicArn: string | undefined;
  /** Whether kas subscribes to the topic again after somebody deleted the subscription (R14). */
  readonly resubscribe: boolean;
  /** Why the fleet could not start. Absent if the fleet runs. */
  readonly problem?: string;
}

/**
 * Returns the fleet that receives a message: the fleet that the alarm's name contains, if the message is from the fleet's topic. So the
 * senders of a topic can only reach the fleets of this topic. Any other message of a topic goes to one of the topic's fleets, so
 * that kas records the message once.
 */
export function recipientOf<F extends Recipient>(message: Message, fleets: readonly F[]): F | undefined {
  const candidates = fleets.filter(({ topicArn }) => topicArn === message.topicArn);
  return candidates.length < 2 ? candidates[0] : chosen(message, candidates) ??
    candidates.find(({ problem }) => problem === undefined) ?? candidates[0];
}

function chosen<F extends Recipient>(message: Message, candidates: readonly F[]): F | undefined {
  if (message.type === "UnsubscribeConfirmation") {
    return candidates.find(({ resubscribe, problem }) => resubscribe && problem === undefined);
  }
  if (message.type === "SubscriptionConfirmation") return undefined;
  const { topicArn, timestamp } = message;
  const { trigger } = triggerOf(message.message, { topicArn, sent: Date.parse(timestamp) });
  return candidates.find(({ fleet }) => fleet === trigger.alarm?.fleet);
}
