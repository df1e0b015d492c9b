/**
 * Verifies SNS messages (R14). The fastest checks come first, so that a message that is not from SNS costs only
 * microseconds and causes no request.
 *
 * A valid signature proves only that a topic of some AWS account sent the message. The signed TopicArn proves that this topic is
 * a configured topic. kas does not use HTTP headers, because SNS does not sign them.
 *
 * @module
 */
import { createVerify, type X509Certificate } from "node:crypto";
import { CertificateError, hostNames } from "./certificate.ts";
import { type Message, MessageError, parseMessage } from "./message.ts";
import { signerHosts } from "./signer_hosts.ts";
import { signingUrlProblem } from "./signing_url.ts";

/** The result of verifying one field of a message. */
export interface FieldResult {
  /** Field name as SNS writes the name, or `Certificate` for the certificate at SigningCertURL. */
  readonly field: string;
  readonly passed: boolean;
  /** Details of the result in one line without secrets. */
  readonly detail: string;
  /** HTTP status of the response to SNS if the field failed verification. */
  readonly status: 403 | 503;
}

/** Options of message verification. */
export interface VerificationOptions {
  /** ARNs of the only topics whose messages kas accepts. */
  readonly topicArns: readonly string[];
  /** Additional trusted URL prefix. kas also trusts certificates whose URLs start with the prefix. */
  readonly trustSigner?: string | undefined;
  /** Function that loads the certificate at a URL. It rejects with {@linkcode CertificateError}. */
  readonly certificate: (url: string) => Promise<X509Certificate>;
  /** Returns the current time in ms since the epoch. Default: Date.now. */
  readonly now?: () => number;
}

/**
 * Maximum age of a message in ms. Every delivery policy of SNS stops retrying earlier. Source: SNS developer guide, message
 * delivery retries.
 */
const MAX_AGE = 3_600_000;
/** How far a message's Timestamp may be ahead of this host's clock, in ms. */
const MAX_SKEW = 300_000;

/**
 * Signature algorithms by SignatureVersion. Source: SNS developer guide, "Verifying the signatures of Amazon SNS messages".
 */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([["1", "RSA-SHA1"], ["2", "RSA-SHA256"]]);

/**
 * Returns a function that parses and verifies a request body. The function rejects with {@linkcode MessageError}: status 400 for a
 * malformed body, 403 for a message that is not genuine, and 503 if the certificate is temporarily not available.
 */
export function messageVerifier(options: VerificationOptions): (body: string) => Promise<Message> {
  return async (body) => {
    const message = parseMessage(body);
    for await (const { field, passed, detail, status } of verifyFields(message, options)) {
      if (passed) continue;
      throw new MessageError(`Cannot verify ${field}: ${detail}`, status, {
        field,
        messageId: message.messageId,
      });
    }
    return message;
  };
}

/**
 * Verifies the fields of a message one after the other. Loads the certificate only when the caller asks for the result
 * of the certificate. If the certificate cannot be loaded, the function does not verify the signature.
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
  // kas must not send a request to an untrusted URL, even if the caller continues after a field failed verification.
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

/** Returns the text that SNS signs: names and values of the signed fields, sorted by name in byte order, one per line. */
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
  return options.topicArns.includes(topicArn)
    ? passed(field, topicArn)
    : refused(field, "the TopicArn differs from the configured topic");
}

function checkAge({ timestamp }: Message, now: number): FieldResult {
  const field = "Timestamp";
  const age = now - Date.parse(timestamp);
  if (Number.isNaN(age)) return refused(field, "the Timestamp is not a valid time");
  const seconds = Math.round(Math.abs(age) / 1_000);
  if (age >= MAX_AGE) return refused(field, `the message is ${seconds} s old; the limit is 3600 s`);
  if (age < -MAX_SKEW) return refused(field, `the Timestamp is ${seconds} s in the future`);
  return passed(field, age < 0 ? `${seconds} s ahead of this host's clock` : `${seconds} s old`);
}

function checkVersion({ signatureVersion }: Message): FieldResult {
  const field = "SignatureVersion";
  const algorithm = ALGORITHMS.get(signatureVersion);
  return algorithm === undefined
    ? refused(field, "the SignatureVersion is neither 1 nor 2")
    : passed(field, algorithm);
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
    return refused(field, `the certificate is not for ${hosts?.host ?? "an AWS region"}`);
  }
  const span = `${validFromDate.toISOString()} to ${validToDate.toISOString()}`;
  return now >= validFromDate.getTime() && now <= validToDate.getTime()
    ? passed(field, `${subject.replaceAll("\n", ", ")}, valid from ${span}`)
    : refused(field, `the certificate is valid from ${span}, not at ${new Date(now).toISOString()}`);
}

function checkSignature(message: Message, certificate: X509Certificate): FieldResult {
  const field = "Signature";
  const algorithm = ALGORITHMS.get(message.signatureVersion);
  const text = textToSign(message);
  // UTF-8 encoding replaces a lone surrogate with U+FFFD, so that two different texts would have the same signature.
  const genuine = algorithm !== undefined && text.isWellFormed() &&
    createVerify(algorithm).update(text, "utf8").verify(certificate.publicKey, message.signature, "base64");
  return genuine
    ? passed(field, "the signature matches the message")
    : refused(field, "the signature does not match the message");
}

function passed(field: string, detail: string): FieldResult {
  return { field, passed: true, detail, status: 403 };
}

function refused(field: string, detail: string): FieldResult {
  return { field, passed: false, detail, status: 403 };
}
