/**
 * The messages that SNS posts to an endpoint: envelope, signed string and headers.
 *
 * Source: SNS developer guide, "Parsing message formats" and "Verifying the signatures of messages".
 *
 * @module
 */
import type { Signer } from "./certificate.ts";

/** SignatureVersion. */
export type SignatureVersion = "1" | "2";

/** A message attribute. */
export interface MessageAttribute {
  readonly Type: string;
  readonly Value: string;
}

/** A message for one endpoint, before its signature. Every value is part of the body. */
export type Envelope =
  & {
    readonly MessageId: string;
    readonly TopicArn: string;
    readonly Message: string;
    /** ISO 8601 with ms and `Z`. */
    readonly Timestamp: string;
  }
  & ({
    readonly Type: "Notification";
    readonly Subject?: string;
    readonly UnsubscribeURL: string;
    readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
  } | {
    readonly Type: "SubscriptionConfirmation" | "UnsubscribeConfirmation";
    readonly Token: string;
    readonly SubscribeURL: string;
  });

/** The headers and body of a request. */
export interface HttpPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Returns the string to sign: the names and values of the signed keys, each followed by a newline, in byte order of the
 * names.
 */
export function canonicalString(envelope: Envelope): string {
  const signed = envelope.Type === "Notification"
    ? {
      Message: envelope.Message,
      MessageId: envelope.MessageId,
      Subject: envelope.Subject,
      Timestamp: envelope.Timestamp,
      TopicArn: envelope.TopicArn,
      Type: envelope.Type,
    }
    : {
      Message: envelope.Message,
      MessageId: envelope.MessageId,
      SubscribeURL: envelope.SubscribeURL,
      Timestamp: envelope.Timestamp,
      Token: envelope.Token,
      TopicArn: envelope.TopicArn,
      Type: envelope.Type,
    };
  return Object.entries(signed)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}\n${value}\n`)
    .join("");
}

/** Signs a message and returns the request that delivers it. */
export function signedPost(
  envelope: Envelope,
  signer: Signer,
  version: SignatureVersion,
  certificateUrl: string,
  subscriptionArn: string,
): HttpPost {
  const signed = {
    ...envelope,
    SignatureVersion: version,
    Signature: signer.sign(canonicalString(envelope), version),
    SigningCertURL: certificateUrl,
  };
  return {
    headers: {
      "x-amz-sns-message-type": envelope.Type,
      "x-amz-sns-message-id": envelope.MessageId,
      "x-amz-sns-topic-arn": envelope.TopicArn,
      // The message that asks for confirmation does not have the subscription's ARN.
      ...(envelope.Type === "SubscriptionConfirmation"
        ? {}
        : { "x-amz-sns-subscription-arn": subscriptionArn }),
      // SNS labels its JSON as text.
      "content-type": "text/plain; charset=UTF-8",
      "user-agent": "Amazon Simple Notification Service Agent",
    },
    body: JSON.stringify(signed, null, 2),
  };
}
