/**
 * Parses the messages that SNS posts to the autoscaler. The parser omits fields that kas does not need, such as UnsubscribeURL, so
 * that no log can contain these fields.
 *
 * @module
 */
import { z } from "zod";
import { nestsDeeperThan } from "./nesting.ts";

/** Error: kas rejects an SNS message. The error's text is one line without secrets. */
export class MessageError extends Error {
  override readonly name = "MessageError";
  /**
   * @param status the HTTP status of the response to SNS: 400 if the message is malformed or 403 if it is not trusted, so that
   *   SNS does not retry; 503 if kas cannot verify the message now, so that SNS retries
   * @param failed the field that failed verification, and the id of the message; absent for a malformed message
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
  /** Timestamp as SNS signed the text, such as `2026-03-06T19:53:21.424Z`. */
  readonly timestamp: string;
  readonly signatureVersion: string;
  /** Signature of the message, encoded as base64. */
  readonly signature: string;
  readonly signingCertUrl: string;
}

/** A notification: a message that a client published to the topic. */
export interface Notification extends Common {
  readonly type: "Notification";
  /** Subject of the notification. Absent if the publisher gave no subject. */
  readonly subject?: string;
}

/**
 * A message that SNS sends after a client subscribed the endpoint or deleted the subscription. The message's token can
 * create a subscription, so no log may contain the token.
 */
export interface Confirmation extends Common {
  readonly type: "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly token: string;
  readonly subscribeUrl: string;
}

/** A message that SNS posts to the autoscaler. Source: SNS developer guide, "Parsing Amazon SNS message formats". */
export type Message = Notification | Confirmation;

/** Maximum nesting depth of a request body. SNS needs three levels: the message, MessageAttributes, and each attribute. */
const MAX_LEVELS = 8;

/**
 * Schema of one line of text without control characters. Only the field Message may have several lines. Otherwise the text of one
 * field could imitate the next field in the signed text (verify.ts).
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
 * Parses a request body as an SNS message. Checks only the form of the message; verify.ts checks the signature.
 *
 * @throws {MessageError} status 400, with the name of the first invalid field
 */
export function parseMessage(body: string): Message {
  if (nestsDeeperThan(MAX_LEVELS, body)) {
    throw new MessageError(
      `The request body is not an SNS message: it has more than ${MAX_LEVELS} nested levels`,
      400,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // The error has no cause, because V8's error quotes the text, which may contain a token.
    throw new MessageError("The request body is not JSON", 400);
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const field = result.error.issues[0]?.path.join(".");
    throw new MessageError(
      field
        ? `${field} is missing or invalid`
        : "The request body is not an SNS message: expected an object with Type and its fields",
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
