/**
 * Message verification (R14). The cheap checks come first, so that a forged message costs microseconds and causes
 * no request.
 *
 * A valid signature proves only that the topic of some AWS account sent the message. The signed TopicArn proves
 * that it is our topic. HTTP headers are not signed and are not used.
 *
 * @module
 */
import { createVerify, type X509Certificate } from "node:crypto";
import { CertificateError, hostNames } from "./certificate.ts";
import { type Message, MessageError, parseMessage } from "./message.ts";
import { signerHosts } from "./signer_hosts.ts";
import { signingUrlProblem } from "./signing_url.ts";

/** The verification of one field. */
export interface FieldResult {
  /** The name in SNS's spelling, or `Certificate` for the certificate at SigningCertURL. */
  readonly field: string;
  readonly passed: boolean;
  /** One line without secrets. */
  readonly detail: string;
  /** The HTTP status of the answer if the field failed. */
  readonly status: 403 | 503;
}

/** What to verify messages against. */
export interface VerificationOptions {
  /** The only topic whose messages are accepted. */
  readonly topicArn: string;
  /** Certificates under this URL are trusted too. */
  readonly trustSigner?: string | undefined;
  /** Loads the certificate at a URL. Rejects with {@linkcode CertificateError}. */
  readonly certificate: (url: string) => Promise<X509Certificate>;
  /** ms since the epoch. */
  readonly now?: () => number;
}

/**
 * Messages of this age are refused, ms. Every delivery policy ends earlier. Source: SNS developer guide, message
 * delivery retries.
 */
const MAX_AGE = 3_600_000;
/** How far a Timestamp may be ahead of this machine's clock, ms. */
const MAX_SKEW = 300_000;

/**
 * Algorithms by SignatureVersion. Source: SNS developer guide, "Verifying the signatures of Amazon SNS messages".
 */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([["1", "RSA-SHA1"], ["2", "RSA-SHA256"]]);

/**
 * Creates a function that parses and verifies a body. It rejects with {@linkcode MessageError}: 400 for a malformed
 * body, 403 for a message that is not genuine, 503 if the certificate is temporarily not available.
 */
export function messageVerifier(options: VerificationOptions): (body: string) => Promise<Message> {
  return async (body) => {
    const message = parseMessage(body);
    for await (const { field, passed, detail, status } of verifyFields(message, options)) {
      if (passed) continue;
      throw new MessageError(`${field}: ${detail}`, status, { field, messageId: message.messageId });
    }
    return message;
  };
}

/**
 * Verifies the fields of a message in order. The certificate is loaded only when the consumer requests its result.
 * Without a certificate the signature is not verified.
 */
export async function* verifyFields(
  message: Message,
  options: VerificationOptions,
): AsyncGenerator<FieldResult, void, void> {
  const now = (options.now ?? Date.now)();
  yield checkTopic(message, options);
  yield checkAge(message, now);
  yield checkVersion(message);
  const url = checkUrl(message, options);
  yield url;
  // Never send a request to an untrusted URL, even if the consumer continues after a failure.
  if (!url.passed) return;
  let certificate: X509Certificate;
  try {
    certificate = await options.certificate(message.signingCertUrl);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    yield { field: "Certificate", passed: false, detail: error.message, status: error.temporary ? 503 : 403 };
    return;
  }
  yield checkCertificate(certificate, message, now);
  yield checkSignature(message, certificate);
}

/** The text that SNS signs: the names and values of the Type's fields in byte order, each on its own line. */
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

function checkTopic({ topicArn }: Message, options: VerificationOptions): FieldResult {
  const field = "TopicArn";
  return topicArn === options.topicArn
    ? passed(field, topicArn)
    : refused(field, "it is not the configured topic");
}

function checkAge({ timestamp }: Message, now: number): FieldResult {
  const field = "Timestamp";
  const age = now - Date.parse(timestamp);
  if (Number.isNaN(age)) return refused(field, "it is not a time");
  const seconds = Math.round(Math.abs(age) / 1_000);
  if (age >= MAX_AGE) return refused(field, `it is ${seconds} s old, and the limit is an hour`);
  if (age < -MAX_SKEW) return refused(field, `it is ${seconds} s in the future`);
  return passed(field, age < 0 ? `${seconds} s ahead of this machine's clock` : `${seconds} s old`);
}

function checkVersion({ signatureVersion }: Message): FieldResult {
  const field = "SignatureVersion";
  const algorithm = ALGORITHMS.get(signatureVersion);
  return algorithm === undefined ? refused(field, "it is neither 1 nor 2") : passed(field, algorithm);
}

function checkUrl({ signingCertUrl, topicArn }: Message, { trustSigner }: VerificationOptions): FieldResult {
  const field = "SigningCertURL";
  const problem = signingUrlProblem(signingCertUrl, topicArn, trustSigner);
  return problem === undefined ? passed(field, signingCertUrl) : refused(field, problem);
}

function checkCertificate(certificate: X509Certificate, { topicArn }: Message, now: number): FieldResult {
  const field = "Certificate";
  const { validFromDate, validToDate, subject } = certificate;
  const hosts = signerHosts(topicArn);
  if (!hostNames(certificate).some((name) => hosts?.names.includes(name))) {
    return refused(field, `it is not for ${hosts?.host ?? "a region of AWS"}`);
  }
  const span = `${validFromDate.toISOString()} to ${validToDate.toISOString()}`;
  return now >= validFromDate.getTime() && now <= validToDate.getTime()
    ? passed(field, `${subject.replaceAll("\n", ", ")}, valid from ${span}`)
    : refused(field, `it is valid from ${span}, not at ${new Date(now).toISOString()}`);
}

function checkSignature(message: Message, certificate: X509Certificate): FieldResult {
  const field = "Signature";
  const algorithm = ALGORITHMS.get(message.signatureVersion);
  const text = textToSign(message);
  // UTF-8 replaces a lone surrogate with U+FFFD, so two texts would have the same signature.
  const genuine = algorithm !== undefined && text.isWellFormed() &&
    createVerify(algorithm).update(text, "utf8").verify(certificate.publicKey, message.signature, "base64");
  return genuine ? passed(field, "it matches the message") : refused(field, "it does not match the message");
}

function passed(field: string, detail: string): FieldResult {
  return { field, passed: true, detail, status: 403 };
}

function refused(field: string, detail: string): FieldResult {
  return { field, passed: false, detail, status: 403 };
}
