/**
 * The messages that SNS posts. Fields that kas does not need, such as UnsubscribeURL, are dropped, so that no log
 * can contain them.
 *
 * @module
 */
import { z } from "zod";
import { nestsDeeperThan } from "./nesting.ts";

/** A message is refused. The message of the error is one line without secrets. */
export class MessageError extends Error {
  override readonly name = "MessageError";
  /**
   * @param status the answer to SNS: 400 malformed or 403 not trusted, and SNS does not retry; 503 not verifiable
   *   now, and SNS retries
   * @param failed the field of a well-formed message that failed verification, and the message's id
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
  /** The text that SNS signed: `2026-03-06T19:53:21.424Z`. */
  readonly timestamp: string;
  readonly signatureVersion: string;
  /** base64. */
  readonly signature: string;
  readonly signingCertUrl: string;
}

/** A message that was published to the topic. */
export interface Notification extends Common {
  readonly type: "Notification";
  /** Absent if the publisher gave none. */
  readonly subject?: string;
}

/**
 * SNS subscribed the endpoint, or deleted its subscription. The token can create the subscription, so no log may
 * contain it.
 */
export interface Confirmation extends Common {
  readonly type: "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly token: string;
  readonly subscribeUrl: string;
}

/** A message that SNS posts. Source: SNS developer guide, "Parsing Amazon SNS message formats". */
export type Message = Notification | Confirmation;

/** Levels of a body at most. SNS's bodies have three: the message, MessageAttributes, and each attribute. */
const MAX_LEVELS = 8;

/**
 * Text without control characters. Only Message may have several lines: otherwise one field's text could pass for
 * the next field in the signed text (verify.ts).
 */
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
 * Parses a body. Only its form is checked; verify.ts checks whether it is genuine.
 *
 * @throws {MessageError} 400 with the first invalid field
 */
export function parseMessage(body: string): Message {
  if (nestsDeeperThan(MAX_LEVELS, body)) {
    throw new MessageError(
      `The body is not an SNS message: it has more than ${MAX_LEVELS} nested levels`,
      400,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // Without the cause, because V8 quotes the text, which may contain a token.
    throw new MessageError("The body is not JSON", 400);
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const field = result.error.issues[0]?.path.join(".");
    throw new MessageError(
      field
        ? `${field} is missing or invalid`
        : "The body is not an SNS message: expected an object with Type and its fields",
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
