/**
 * A topic and signed messages. This module builds the signed texts from the SNS developer guide, independently of
 * the code under test.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { makeSigner } from "../../../src/sandbox/sns/certificate.ts";
import { messageVerifier, type VerificationOptions } from "../../../src/sns/verify.ts";

export const TOPIC = "arn:aws:sns:eu-west-1:123456789012:kas";
export const CERT_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";
export const NOW = Date.UTC(2026, 10, 23, 12);

/** SNS's key and certificate, valid from one hour before NOW to one day after NOW. */
export const SIGNER = makeSigner(NOW);
export const CERTIFICATE = new X509Certificate(SIGNER.pem);

/** The fields of a body. */
export type Body = Readonly<Record<string, unknown>>;

/** The signed fields by Type. */
export const SIGNED: Readonly<Record<string, readonly string[]>> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

const COMMON: Body = {
  MessageId: "26858270-545e-5848-82a2-e05566af3dcf",
  TopicArn: TOPIC,
  Message: "Hello",
  Timestamp: new Date(NOW - 1_000).toISOString(),
  SigningCertURL: CERT_URL,
};

/** A message as SNS would send it, with some fields changed before signing. Undefined drops a field. */
export function signed(type: string, changed: Body = {}, version: "1" | "2" = "2"): Body {
  const more = type === "Notification"
    ? { UnsubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=SECRET" }
    : {
      Token: "SECRET",
      SubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=SECRET",
    };
  const fields: Body = { Type: type, ...COMMON, ...more, SignatureVersion: version, ...changed };
  const text = (SIGNED[type] ?? []).map((
    name,
  ) => (fields[name] === undefined ? "" : `${name}\n${fields[name]}\n`)).join("");
  return { ...fields, Signature: SIGNER.sign(text, version) };
}

/** Verifies a body. Returns "ok", or the HTTP status and the reason. */
export async function verdict(body: Body | string, more: Partial<VerificationOptions> = {}): Promise<string> {
  const trust: VerificationOptions = {
    topicArns: [TOPIC],
    certificate: () => Promise.resolve(CERTIFICATE),
    now: () => NOW,
    ...more,
  };
  try {
    await messageVerifier(trust)(typeof body === "string" ? body : JSON.stringify(body));
    return "ok";
  } catch (error) {
    if (!(error instanceof Error && "status" in error)) throw error;
    return `${error.status} ${error.message}`;
  }
}
