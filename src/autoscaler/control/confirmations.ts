/**
 * Confirms the autoscaler's subscriptions with the tokens that SNS sends.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { code, isAccessFailure, isThrottled } from "../../aws/errors.ts";
import type { Clock } from "../../runtime.ts";
import type { Inbox } from "../store/inbox.ts";
import type { InboxWork } from "./inbox_work.ts";

/** Confirms a subscription with its token. Returns the ARN of the subscription. */
export type Confirm = (token: string, signal: AbortSignal) => Promise<string>;

/**
 * How long kas tries to confirm a subscription, in ms. SNS's tokens are valid for two days. Source: SNS API reference,
 * Subscribe.
 */
const TOKEN_VALID = 2 * 24 * 3_600_000;

const log = getLogger(["kas", "loop"]);

/** Confirms the next subscription in the inbox, and then erases its token. If the inbox has none, waits for one. */
export async function confirmNext(
  { work, inbox, clock, confirm }: {
    readonly work: InboxWork;
    readonly inbox: Inbox;
    readonly clock: Clock;
    readonly confirm: Confirm;
  },
  signal: AbortSignal,
): Promise<void> {
  const message = inbox.next("confirmation", clock.now());
  if (message === undefined) return await work.sleep("confirmation", undefined, signal);
  const isFinal = (error: unknown) => isRefused(error) || clock.now() - message.received > TOKEN_VALID;
  await work.attempt(message, signal, async () => {
    const subscription = await confirm(message.body, signal);
    inbox.done(message.id, clock.now());
    log.info("subscription confirmed", { messageId: message.id, subscription });
  }, isFinal);
  inbox.erase();
}

/** Whether AWS understood a request and refused it. */
function isRefused(error: unknown): boolean {
  const { httpStatusCode = 0 } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
  return code(error) !== undefined && !isThrottled(error) && !isAccessFailure(error) && httpStatusCode < 500;
}
