/**
 * `POST /`: receives messages of SNS (R12, R14).
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { STATUS_CODE } from "@std/http/status";
import { type Message, MessageError } from "../../sns/message.ts";
import type { Inbox } from "../store/inbox.ts";
import { BodyError, type BodyReader } from "./body_limits.ts";
import type { MessageOutcome } from "./metrics/labels.ts";
import { type Recipient, recipientOf } from "./recipient.ts";
import { text } from "./text.ts";

/** The inbox of a fleet. */
export interface FleetInbox extends Recipient {
  readonly inbox: Inbox;
  /** Called when the inbox has a new message. */
  readonly wake: () => void;
  /** Called with the outcome of each message of the fleet. `reason` is "" unless kas could not store the message. */
  readonly onMessage: (outcome: MessageOutcome, reason: string) => void;
}

/** A fleet that could not start. */
export interface DownFleet extends Recipient {
  readonly problem: string;
}

/** The parts of the receiver of messages. */
export interface ReceiverParts {
  readonly bodies: BodyReader;
  /** Parses and verifies a body. Throws {@linkcode MessageError} if the body is not a message of SNS from a fleet's topic. */
  readonly verify: (body: string) => Promise<Message>;
  readonly fleets: readonly (FleetInbox | DownFleet)[];
  /** Called with the outcome of a message that kas refuses before it knows its fleet. */
  readonly onRefused: (outcome: MessageOutcome, reason: string) => void;
  /** Returns the present time in ms since the epoch. */
  readonly now: () => number;
}

const log = getLogger(["kas", "inbox"]);

/**
 * Verifies and stores a message, and then responds to SNS. The control loop processes the message later. SNS sends the message
 * again after a 5xx response, but not after a 4xx response.
 */
export async function receive(parts: ReceiverParts, request: Request): Promise<Response> {
  const { verify, bodies, fleets, onRefused } = parts;
  let message: Message;
  try {
    message = await bodies.read(request, verify);
  } catch (error) {
    if (!(error instanceof MessageError || error instanceof BodyError)) {
      onRefused("failed", "error");
      throw error;
    }
    const { message: reason, status } = error;
    const failed = error instanceof MessageError ? error.failed : undefined;
    onRefused(
      status >= 500 ? "failed" : "refused",
      error instanceof BodyError ? error.why : failed?.field ?? "form",
    );
    // The id of a refused message may be false, because kas has not verified the message.
    log.warn("message refused", { ...(failed && { messageId: failed.messageId }), status, reason });
    return text(reason, status);
  }
  const fleet = recipientOf(message, fleets);
  if (fleet === undefined || !("inbox" in fleet)) {
    // SNS repeats the message. Until then, an operator may have repaired the fleet.
    onRefused("failed", "store");
    log.error("message not stored", { messageId: message.messageId, reason: "its fleet could not start" });
    return text("the fleet could not start", STATUS_CODE.ServiceUnavailable);
  }
  return await store(fleet, message, parts.now());
}

/** Stores a verified message in the inbox. */
async function store(
  { fleet, inbox, wake, resubscribe, onMessage }: FleetInbox,
  message: Message,
  now: number,
): Promise<Response> {
  const { messageId, type } = message;
  if (type === "UnsubscribeConfirmation") {
    onMessage("unsubscribed", "");
    log.warn("SNS reported the deletion of the subscription", { fleet, messageId, resubscribe });
    if (!resubscribe) return text("accepted");
  }
  let added: boolean;
  try {
    const entry = type === "Notification"
      ? { kind: "notification", body: message.message, sent: Date.parse(message.timestamp) } as const
      : { kind: "confirmation", body: message.token } as const;
    added = inbox.add(messageId, entry, now);
    // The control loop may make a decision before the message is on disk. But an activity begins a step only when the journal
    // has the step on disk, and SQLite writes the message to disk before the step.
    if (added) wake();
    await inbox.synced();
  } catch (error) {
    onMessage("failed", "store");
    log.error("message not stored", { fleet, messageId, reason: (error as Error).message });
    return text("cannot store the message now", STATUS_CODE.ServiceUnavailable);
  }
  if (type !== "UnsubscribeConfirmation") onMessage(added ? "accepted" : "duplicate", "");
  log.info(added ? "message accepted" : "duplicate message accepted", { fleet, messageId, type });
  return text("accepted");
}
