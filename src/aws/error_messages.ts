/**
 * AWS errors as messages for an operator: one line, a hint, and for `--verbose` the causes. They contain no stack
 * trace, signature or secret.
 *
 * @module
 */
import { dateOf } from "./calls.ts";
import { credentialsHint, hintFor } from "./error_hints.ts";
import {
  code,
  IncompleteAnswerError,
  isExpiredCredentials,
  isMissingCredentials,
  isRejectedCredentials,
  operationOf,
  RegionError,
  UnreachableError,
} from "./errors.ts";

/** A message about an error. */
export interface ErrorDescription {
  /** The message: one line without a full stop. */
  readonly message: string;
  /** A hint: a command, an option or a permission that helps. */
  readonly hint?: string;
}

/**
 * AWS rejects a signature whose time differs from AWS's clock by this much or more, in ms. Source: IAM, "Troubleshooting
 * SigV4".
 */
const MAX_SKEW = 5 * 60_000;

/** Describes an error, and says what the operator can do about it. */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof RegionError) {
    return { message: error.message, hint: "--region eu-west-1, or set AWS_REGION" };
  }
  if (error instanceof IncompleteAnswerError) {
    const hint = error.hint ?? "repeat the command in a minute; check --endpoint-url and any proxy";
    return { message: `AWS's answer is incomplete: ${toLine(error.message)}`, hint };
  }
  if (error instanceof UnreachableError) {
    const hint = error.hint ?? "check the network, --region and --endpoint-url";
    return { message: `AWS is unreachable: ${toLine(error.message)}`, hint };
  }
  if (isMissingCredentials(error)) return describeCredentials(error as Error);
  const found = code(error);
  if (found === undefined || !(error instanceof Error)) return describeOther(error);
  if (isExpiredCredentials(error) || isRejectedCredentials(error)) return describeRejection(error, found);
  const hint = hintFor(error, found, encodedReason(error) !== undefined);
  return { message: `${awsMessage(error)} (${found})`, ...(hint === undefined ? {} : { hint }) };
}

/** Describes an error of the source of the credentials. */
function describeCredentials(error: Error): ErrorDescription {
  const { cause } = error;
  const found = code(cause);
  if (cause instanceof Error && (isExpiredCredentials(cause) || isRejectedCredentials(cause))) {
    const { message, hint } = describeRejection(cause, found ?? "");
    return { message: `no AWS credentials: ${message}`, ...(hint === undefined ? {} : { hint }) };
  }
  const message = found === undefined
    ? providerMessage(error.message)
    : `${awsMessage(cause as Error)} (${found})`;
  return { message: `no AWS credentials: ${message}`, hint: credentialsHint(cause, error.message) };
}

/**
 * Describes rejected or expired credentials without AWS's message, which quotes the signed request and the session
 * token.
 */
function describeRejection(error: Error, code: string): ErrorDescription {
  const ahead = clockAhead(error);
  if (Math.abs(ahead) >= MAX_SKEW) {
    const minutes = Math.round(Math.abs(ahead) / 60_000);
    return {
      message: `this machine's clock is ${minutes} min ${ahead > 0 ? "ahead of" : "behind"} AWS's (${code})`,
      hint: "set the clock, for example with timedatectl set-ntp true",
    };
  }
  if (code === "RequestExpired") {
    return {
      message: `the request reached AWS too late (${code})`,
      hint: "check this machine's clock, and any proxy that holds requests back",
    };
  }
  if (isExpiredCredentials(error)) {
    return {
      message: `the AWS credentials have expired (${code})`,
      hint: "renew them, for example with aws sso login",
    };
  }
  if (code === "OptInRequired") {
    return {
      message: `the AWS account is not signed up for this service or region (${code})`,
      hint: "enable the region in the account's settings, or choose another --region",
    };
  }
  const hint = /Signature/.test(code)
    ? "run aws sts get-caller-identity: the secret access key does not match its id, or this machine's clock is wrong"
    : "run aws sts get-caller-identity. If it fails, choose another --profile or create a new access key; if not, the " +
      "region may not be enabled in the account";
  return { message: `AWS refused the credentials (${code})`, hint };
}

/** Returns how far this machine's clock is ahead of AWS's clock, in ms. Returns 0 if the error has no answer of AWS. */
function clockAhead(error: Error): number {
  const date = dateOf(error);
  return date === undefined ? 0 : Date.now() - date;
}

const ENCODED_REASON = /\s*Encoded authorization failure message:\s*(\S*).*$/s;

/** Returns the encoded reason that EC2 appends to a denial. `aws sts decode-authorization-message` decodes it. */
function encodedReason(error: Error): string | undefined {
  return ENCODED_REASON.exec(error.message)?.[1] || undefined;
}

/** Returns AWS's own message, without the encoded reason that EC2 appends to a denial. */
function awsMessage(error: Error): string {
  return toLine(error.message.replace(ENCODED_REASON, "")) || "AWS failed";
}

/**
 * Returns the message of a credential provider that failed. If no provider of the SDK's chain found credentials, the
 * SDK's message does not say where the providers searched, so kas has its own.
 */
function providerMessage(message: string): string {
  return /any providers/.test(message)
    ? "none were found in the environment, the profile or the instance's role"
    : toLine(message);
}

function describeOther(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { message: toLine(String(error)) };
  const status = metadataOf(error).httpStatusCode;
  if (status === 407) {
    return {
      message: "the proxy requires a user and a password (HTTP status 407)",
      hint: "set both in HTTPS_PROXY",
    };
  }
  if (status !== undefined) {
    return {
      message: `the answer is not from AWS (HTTP status ${status})`,
      hint: "check --endpoint-url and any proxy",
    };
  }
  return { message: toLine(error.message) || error.name };
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
  readonly attempts?: number;
}

function metadataOf(error: Error): Metadata {
  const { $metadata, RequestId } = error as Error & { $metadata?: Metadata; RequestId?: string };
  return { ...(RequestId === undefined ? {} : { requestId: RequestId }), ...$metadata };
}

/**
 * A line of text, or a command as a list of words. The caller quotes the words for the shell, because text from AWS may
 * contain any character.
 */
export type CauseLine = string | readonly string[];

/**
 * Returns the causes of an error for `--verbose`, one line for each: AWS's answers with their request ids, and other
 * errors.
 */
export function causeLines(error: unknown): CauseLine[] {
  const lines: CauseLine[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at);
    lines.push(...("$fault" in at ? answerLines(at) : [`because ${at.name}: ${toLine(at.message)}`]));
  }
  return lines;
}

function answerLines(error: Error): CauseLine[] {
  const { httpStatusCode, requestId, attempts } = metadataOf(error);
  const parts = [
    `AWS answered ${operationOf(error) ?? "a call"} with ${code(error) ?? error.name}`,
    httpStatusCode !== undefined && `HTTP status ${httpStatusCode}`,
    requestId !== undefined && `request id ${requestId}`,
    attempts !== undefined && attempts > 1 && `${attempts} attempts`,
  ];
  const reason = encodedReason(error);
  return [
    parts.filter(Boolean).join(", "),
    ...(reason === undefined
      ? []
      : [["aws", "sts", "decode-authorization-message", "--encoded-message", reason]]),
  ];
}

/** Converts a text to one line of at most 300 characters without a full stop at its end. */
function toLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "");
  return flat.length > 300 ? `${flat.slice(0, 299)}…` : flat;
}
