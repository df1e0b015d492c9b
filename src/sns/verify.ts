/**
 * Whether to believe a message (R14): checks in order, those that cost nothing first, so that a forged message costs
 * microseconds and causes no traffic.
 *
 * A signature proves only that some AWS account's topic sent the message; that it is ours, the TopicArn proves, which is
 * signed. Headers are not, and count for nothing.
 *
 * @module
 */
import { createVerify, type X509Certificate } from "node:crypto";
import { CertificateError } from "./certificate.ts";
import { type Message, MessageError, parseMessage } from "./message.ts";
import { signingUrlProblem } from "./signing_url.ts";

/** What one check of a message came to. */
export interface FieldResult {
  /** The field looked at, as SNS spells it; Certificate for what SigningCertURL leads to. */
  readonly field: string;
  readonly passed: boolean;
  /** In one line, without secrets. */
  readonly detail: string;
  /** The HTTP status that a failure is answered with. */
  readonly status: 403 | 503;
}

/** What messages are checked against. */
export interface VerificationOptions {
  /** The one topic that is listened to. */
  readonly topicArn: string;
  /** Certificates from under this URL count too. */
  readonly trustSigner?: string | undefined;
  /** Gets a certificate by its URL, as {@linkcode certificates} does. Throws {@linkcode CertificateError}. */
  readonly certificate: (url: string) => Promise<X509Certificate>;
  /** ms since the epoch. */
  readonly now?: () => number;
}

/** Messages are younger, ms: every delivery policy ends within it. Source: SNS developer guide, message delivery retries. */
const MAX_AGE = 3_600_000;
/** How far a Timestamp may be ahead of our clock, ms. */
const MAX_SKEW = 300_000;

/** By SignatureVersion. Source: SNS developer guide, "Verifying the signatures of Amazon SNS messages". */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([["1", "RSA-SHA1"], ["2", "RSA-SHA256"]]);

/**
 * Makes what the autoscaler takes messages in with. The returned function throws {@linkcode MessageError}: 400 for a body
 * that is no message, 403 for one that is not to be believed, 503 where the certificate can't be had right now.
 */
export function messageVerifier(trust: VerificationOptions): (body: string) => Promise<Message> {
  return async (body) => {
    const message = parseMessage(body);
    for await (const { field, passed, detail, status } of verifyFields(message, trust)) {
      if (passed) continue;
      throw new MessageError(`${field}: ${detail}`, status, { field, messageId: message.messageId });
    }
    return message;
  };
}

/**
 * Checks a message, one field after the other; the certificate is fetched only when the check of it is asked for. It ends
 * where there is no certificate to verify the signature with.
 */
export async function* verifyFields(
  message: Message,
  trust: VerificationOptions,
): AsyncGenerator<FieldResult, void, void> {
  const now = (trust.now ?? Date.now)();
  yield checkTopic(message, trust);
  yield checkAge(message, now);
  yield checkVersion(message);
  const url = checkUrl(message, trust);
  yield url;
  // Whoever goes on after a failure still causes no request to where a stranger points.
  if (!url.passed) return;
  let certificate: X509Certificate;
  try {
    certificate = await trust.certificate(message.signingCertUrl);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    yield { field: "Certificate", passed: false, detail: error.message, status: error.temporary ? 503 : 403 };
    return;
  }
  yield checkValidity(certificate, now);
  yield checkSignature(message, certificate);
}

/** The text that SNS signs: names and values of the fields that the Type says, in byte order, each on a line. */
export function textToSign(message: Message): string {
  const fields: readonly (readonly [name: string, value: string | undefined])[] =
    message.type === "Notification"
      ? [
        ["Message", message.message],
        ["MessageId", message.messageId],
        ["Subject", message.subject],
        ["Timestamp", message.timestamp],
        ["TopicArn", message.topicArn],
        ["Type", message.type],
      ]
      : [
        ["Message", message.message],
        ["MessageId", message.messageId],
        ["SubscribeURL", message.subscribeUrl],
        ["Timestamp", message.timestamp],
        ["Token", message.token],
        ["TopicArn", message.topicArn],
        ["Type", message.type],
      ];
  return fields.map(([name, value]) => (value === undefined ? "" : `${name}\n${value}\n`)).join("");
}

function checkTopic({ topicArn }: Message, trust: VerificationOptions): FieldResult {
  const field = "TopicArn";
  return topicArn === trust.topicArn
    ? passed(field, topicArn)
    : refused(field, "it is not the configured topic's");
}

function checkAge({ timestamp }: Message, now: number): FieldResult {
  const field = "Timestamp";
  const age = now - Date.parse(timestamp);
  if (Number.isNaN(age)) return refused(field, "it is no time");
  const seconds = Math.round(Math.abs(age) / 1_000);
  if (age >= MAX_AGE) return refused(field, `it is ${seconds} s old, an hour or more`);
  if (age < -MAX_SKEW) return refused(field, `it is ${seconds} s in the future`);
  return passed(field, age < 0 ? `${seconds} s ahead of this clock` : `${seconds} s old`);
}

function checkVersion({ signatureVersion }: Message): FieldResult {
  const field = "SignatureVersion";
  const algorithm = ALGORITHMS.get(signatureVersion);
  return algorithm === undefined ? refused(field, "it is neither 1 nor 2") : passed(field, algorithm);
}

function checkUrl({ signingCertUrl, topicArn }: Message, { trustSigner }: VerificationOptions): FieldResult {
  const field = "SigningCertURL";
  const fault = signingUrlProblem(signingCertUrl, topicArn, trustSigner);
  return fault === undefined ? passed(field, signingCertUrl) : refused(field, fault);
}

function checkValidity({ validFromDate, validToDate, subject }: X509Certificate, now: number): FieldResult {
  const field = "Certificate";
  const span = `${validFromDate.toISOString()} to ${validToDate.toISOString()}`;
  return now >= validFromDate.getTime() && now <= validToDate.getTime()
    ? passed(field, `${subject.replaceAll("\n", ", ")}, valid from ${span}`)
    : refused(field, `it is valid from ${span}, and not at ${new Date(now).toISOString()}`);
}

function checkSignature(message: Message, certificate: X509Certificate): FieldResult {
  const field = "Signature";
  const algorithm = ALGORITHMS.get(message.signatureVersion);
  const text = textToSign(message);
  // A lone surrogate becomes U+FFFD in UTF-8, so that two texts would share one signature.
  const genuine = algorithm !== undefined && text.isWellFormed() &&
    createVerify(algorithm).update(text, "utf8").verify(certificate.publicKey, message.signature, "base64");
  return genuine ? passed(field, "it verifies") : refused(field, "it does not verify");
}

function passed(field: string, detail: string): FieldResult {
  return { field, passed: true, detail, status: 403 };
}

function refused(field: string, detail: string): FieldResult {
  return { field, passed: false, detail, status: 403 };
}
