/**
 * The HTTP requests with which SNS delivers messages to an endpoint: envelope, signed string and headers.
 *
 * Source: SNS developer guide, "Parsing message formats" and "Verifying the signatures of messages".
 *
 * @module
 */
import type { Signer } from "./certificate.ts";

/** Version of the signature: 1 means SHA1 and 2 means SHA256. */
export type SignatureVersion = "1" | "2";

/** An attribute of an SNS message. */
export interface MessageAttribute {
  readonly Type: string;
  readonly Value: string;
}

/** An unsigned message for one endpoint. All its values become part of the request's body. */
export type Envelope =
  & {
    readonly MessageId: string;
    readonly TopicArn: string;
    readonly Message: string;
    /** Time in ISO 8601 format with milliseconds and `Z`. */
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

/** Headers and body of an HTTP POST request. */
export interface HttpPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Returns the string that SNS signs: the names and values of the signed keys, each followed by a newline, in byte order of the
 * key names.
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

/** Signs a message and returns the HTTP request that delivers the message. */
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
      // A request to confirm a subscription does not contain the ARN of the subscription.
      ...(envelope.Type === "SubscriptionConfirmation"
        ? {}
        : { "x-amz-sns-subscription-arn": subscriptionArn }),
      // SNS sends JSON with the content type text/plain.
      "content-type": "text/plain; charset=UTF-8",
      "user-agent": "Amazon Simple Notification Service Agent",
    },
    body: JSON.stringify(signed, null, 2),
  };
}
