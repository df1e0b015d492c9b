/**
 * What SNS posts: a body becomes one of three kinds of message, and an alarm's notification a change of its state.
 *
 * What is not needed is dropped here, UnsubscribeURL above all: what isn't kept reaches no log.
 *
 * @module
 */
import { z } from "zod";
import type { AlarmState } from "../scaling/model/alarm.ts";

/** Why a message is not taken, in one line without secrets, and the HTTP status that says so to SNS. */
export class MessageError extends Error {
  override readonly name = "MessageError";
  /**
   * @param status 400 malformed, 403 not trusted: both end the delivery for ever; 503 can't be verified now: SNS tries again
   * @param failed which check a well-formed message failed, and what it calls itself
   */
  constructor(
    message: string,
    readonly status: 400 | 403 | 503,
    readonly failed?: { readonly field: string; readonly messageId: string },
  ) {
    super(message);
  }
}

interface Common {
  readonly messageId: string;
  readonly topicArn: string;
  readonly message: string;
  /** As SNS wrote it, for this text is what is signed: `2026-03-06T19:53:21.424Z`. */
  readonly timestamp: string;
  readonly signatureVersion: string;
  /** base64. */
  readonly signature: string;
  readonly signingCertUrl: string;
}

/** What was published to the topic. */
export interface Notification extends Common {
  readonly type: "Notification";
  /** Absent unless it was published with one. */
  readonly subject?: string;
}

/** The endpoint was subscribed, or the subscription deleted: the token would (re-)create it. A token reaches no log. */
export interface Confirmation extends Common {
  readonly type: "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly token: string;
  readonly subscribeUrl: string;
}

/** A message as SNS posts it. Source: SNS developer guide, "Parsing Amazon SNS message formats". */
export type Message = Notification | Confirmation;

/** Text without control characters. Only Message may span lines: so no field's text can pass for the next field's (verify.ts). */
const line = z.string().min(1).max(2_048).regex(/^[^\p{Cc}]+$/u, "must be one line of text");

const common = {
  MessageId: line,
  TopicArn: line,
  Message: z.string(),
  Timestamp: z.iso.datetime(),
  SignatureVersion: line,
  Signature: z.base64().min(1).max(2_048),
  SigningCertURL: line,
};

const confirmation = { ...common, Token: line, SubscribeURL: line };

const schema = z.discriminatedUnion("Type", [
  z.object({
    Type: z.literal("Notification"),
    Subject: z.string().regex(/^[^\p{Cc}]*$/u).optional(),
    ...common,
  }),
  z.object({ Type: z.literal("SubscriptionConfirmation"), ...confirmation }),
  z.object({ Type: z.literal("UnsubscribeConfirmation"), ...confirmation }),
]);

/**
 * Reads a body. Its form only: whether to believe it is verify.ts's to say.
 *
 * @throws {MessageError} 400, naming the first field that is wrong
 */
export function parseMessage(body: string): Message {
  if (nestsDeeply(body)) {
    throw new MessageError(`The body is no SNS message: it nests over ${MAX_DEPTH} deep`, 400);
  }
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // Without its cause: V8 quotes the text it stumbles over, which may hold a token.
    throw new MessageError("The body is no JSON", 400);
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const field = result.error.issues[0]?.path.join(".");
    throw new MessageError(
      field
        ? `${field} is missing or not of its form`
        : "The body is no SNS message: expected an object with Type and its fields",
      400,
    );
  }
  const { data } = result;
  const fields = {
    messageId: data.MessageId,
    topicArn: data.TopicArn,
    message: data.Message,
    timestamp: data.Timestamp,
    signatureVersion: data.SignatureVersion,
    signature: data.Signature,
    signingCertUrl: data.SigningCertURL,
  };
  return data.Type === "Notification"
    ? { type: data.Type, ...fields, ...(data.Subject === undefined ? {} : { subject: data.Subject }) }
    : { type: data.Type, ...fields, token: data.Token, subscribeUrl: data.SubscribeURL };
}

/** Levels of a body. SNS's have three, with MessageAttributes and each attribute in it. */
const MAX_DEPTH = 8;

/** Whether JSON nests deeper than any message: JSON.parse would hold up all else for 0.1 s over half a megabyte of brackets. */
function nestsDeeply(json: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "[" || char === "{") {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === "]" || char === "}") depth--;
  }
  return false;
}

/** What a notification's text says of an alarm, or why it is passed over. */
export type AlarmMessage =
  | {
    readonly kind: "change";
    /** The alarm's name as CloudWatch has it, of kas's form or not. */
    readonly name: string;
    readonly arn?: string;
    /** The alarm's region by its ARN. */
    readonly region?: string;
    /** INSUFFICIENT_DATA where the notification doesn't say. */
    readonly from: AlarmState;
    readonly to: AlarmState;
    /** StateChangeTime, ms since the epoch. */
    readonly at: number;
  }
  | { readonly kind: "ignored"; readonly why: string };

const state = z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]);

/** Only what every kind of alarm has: metric, metric math, composite and newer ones differ in all the rest. */
const alarmSchema = z.object({
  AlarmName: z.string().min(1).optional(),
  AlarmArn: z.string().optional().catch(undefined),
  OldStateValue: state.catch("INSUFFICIENT_DATA"),
  NewStateValue: state,
  StateChangeTime: z.string(),
});

/**
 * Reads a notification's Message as a CloudWatch alarm's. Tolerant of what kas doesn't need; what is no alarm's change of
 * state is passed over, not an error: anything may be published to a topic.
 *
 * Source: CloudWatch user guide, "Notifying users on alarm changes".
 */
export function parseAlarmChange(message: string): AlarmMessage {
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return { kind: "ignored", why: "the message is no JSON, so no alarm's" };
  }
  const result = alarmSchema.safeParse(json);
  if (!result.success) {
    const field = result.error.issues[0]?.path.join(".");
    return {
      kind: "ignored",
      why: `the message is no alarm's: ${field || "it"} is missing or not of its form`,
    };
  }
  const { AlarmName, AlarmArn: arn, OldStateValue: from, NewStateValue: to, StateChangeTime } = result.data;
  // The ARN's last part is the name, which may hold colons.
  const [, region, nameInArn] = /^arn:[^:]+:cloudwatch:([^:]+):[^:]*:alarm:(.+)$/s.exec(arn ?? "") ?? [];
  const name = AlarmName ?? nameInArn;
  if (name === undefined) return { kind: "ignored", why: "the message is no alarm's: it names none" };
  const at = time(StateChangeTime);
  if (at === undefined) return { kind: "ignored", why: "the alarm's StateChangeTime is no time" };
  return { kind: "change", name, from, to, at, ...(arn ? { arn } : {}), ...(region ? { region } : {}) };
}

/** CloudWatch writes `2026-03-06T19:53:21.424+0000`; a time without its offset would depend on the machine's zone. */
function time(text: string): number | undefined {
  const [, local, sign, offset] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d):?(\d\d)?$/.exec(text) ?? [];
  if (local === undefined || sign === undefined) return undefined;
  const ms = Date.parse(sign === "Z" ? `${local}Z` : `${local}${sign}:${offset ?? "00"}`);
  return Number.isNaN(ms) ? undefined : ms;
}
