/**
 * AWS errors in an operator's words: what is wrong, what mends it, and for `--verbose` what lies beneath. Never a stack
 * trace, a signature or a secret.
 *
 * @module
 */
import { dateOf } from "./calls.ts";
import {
  code,
  isDenied,
  isExpiredCredentials,
  isIncorrectState,
  isInsufficientCapacity,
  isMissingCredentials,
  isQuotaExceeded,
  isRejectedCredentials,
  isThrottled,
  operationOf,
  RegionError,
  UnreachableError,
} from "./errors.ts";

/** An error in words. */
export interface ErrorDescription {
  /** One line, without a full stop. */
  readonly message: string;
  /** A command, an option or a permission that mends it. */
  readonly hint?: string;
}

/** The least difference between two clocks that AWS minds is five minutes. Source: IAM, "Troubleshooting SigV4". */
const SKEW = 5 * 60_000;

/** What an error means, and what mends it. */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof RegionError) {
    return { message: error.message, hint: "--region eu-west-1, or set AWS_REGION" };
  }
  if (error instanceof UnreachableError) {
    const hint = error.hint ?? "check the network, --region and --endpoint-url";
    return { message: `AWS is out of reach: ${line(error.message)}`, hint };
  }
  if (isMissingCredentials(error)) {
    return {
      message: `no AWS credentials: ${whyNone((error as Error).message)}`,
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a --profile, or aws sso login",
    };
  }
  const found = code(error);
  if (found === undefined || !(error instanceof Error)) return unknown(error);
  if (isExpiredCredentials(error) || isRejectedCredentials(error)) return refusal(error, found);
  const hint = hintFor(error, found);
  return { message: `${said(error)} (${found})`, ...(hint === undefined ? {} : { hint }) };
}

/** What AWS says about signatures quotes the signed request, session token included: these get words of our own. */
function refusal(error: Error, code: string): ErrorDescription {
  const ahead = clockAhead(error);
  if (Math.abs(ahead) >= SKEW) {
    const minutes = Math.round(Math.abs(ahead) / 60_000);
    return {
      message: `this machine's clock is ${minutes} min ${ahead > 0 ? "ahead of" : "behind"} AWS's (${code})`,
      hint: "set it, with timedatectl set-ntp true for one",
    };
  }
  if (isExpiredCredentials(error)) {
    return {
      message: `the AWS credentials have expired (${code})`,
      hint: "renew them, with aws sso login for one",
    };
  }
  if (code === "OptInRequired") {
    return {
      message: `the AWS account is not signed up for this service or region (${code})`,
      hint: "enable the region in the account's settings, or choose another --region",
    };
  }
  const hint = /Signature/.test(code)
    ? "aws sts get-caller-identity; the secret access key does not fit its id, or this machine's clock is off"
    : "aws sts get-caller-identity; choose another --profile, or make a new access key";
  return { message: `AWS refused the credentials (${code})`, hint };
}

/** How far this machine's clock is ahead of the one by which AWS answered, ms. */
function clockAhead(error: Error): number {
  const date = dateOf(error);
  return date === undefined ? 0 : Date.now() - date;
}

/** What mends wrong input, by the code's beginning. */
const INPUT: readonly (readonly [RegExp, string])[] = [
  [/^InvalidAMI/, "an --image of this region: aws ec2 describe-images --owners self amazon"],
  [
    /^(InvalidSubnet|SubnetNotFound|VPCIdNotSpecified|MissingInput)/,
    "a --subnet of this region: aws ec2 describe-subnets",
  ],
  [/^Invalid(SecurityGroup|Group\b)/, "a --security-group of this region: aws ec2 describe-security-groups"],
  [/^InvalidKeyPair/, "a --key-name of this region: aws ec2 describe-key-pairs"],
  [/^InvalidLaunchTemplate/, "a --launch-template of this region: aws ec2 describe-launch-templates"],
  [/^InvalidUserData/, "--user-data with a file of at most 16 KB"],
  [
    /^Unsupported/,
    "another --type, or a --subnet in a zone that has it: aws ec2 describe-instance-type-offerings",
  ],
  [/^(InvalidInstance(ID\b|$)|InvalidTarget$)/, "kas admin instances lists the fleet"],
  [/^LoadBalancerNotFound$/, "kas admin balancers lists those that exist"],
  [/^TargetGroupNotFound$/, "aws elbv2 describe-target-groups lists those that exist"],
  [/^OperationNotPermitted$/, "lift the instance's stop or termination protection first"],
  [/^PendingVerification$/, "AWS is verifying the account, which takes up to four hours; then again"],
  [
    /^(Invalid|Malformed|Missing|Validation)/,
    "--verbose tells which call it was, --help what each option takes",
  ],
];

/** Whose quota it is, by the code. */
const QUOTAS: readonly (readonly [RegExp, string])[] = [
  [
    /^(Instance|Vcpu)/,
    "kas admin instances terminate ID… gives some back; aws service-quotas list-service-quotas --service-code ec2",
  ],
  [
    /^TooManyLoad/,
    "kas admin balancers lists them; aws service-quotas list-service-quotas --service-code elasticloadbalancing",
  ],
  [
    /^(Topic|Subscription)/,
    "kas admin topics lists them; aws service-quotas list-service-quotas --service-code sns",
  ],
];

function hintFor(error: Error, code: string): string | undefined {
  if (isDenied(error)) {
    const action = operationOf(error);
    const policy = `${
      action === undefined ? "" : `allow ${action}; `
    }kas admin iam-policy prints the policy that is needed`;
    return encoded(error) === undefined ? policy : `${policy}, --verbose how to decode the reason`;
  }
  if (isThrottled(error)) return "again in a minute; other tools share the account's limit";
  if (isInsufficientCapacity(error)) return "another instance, type or availability zone, or again later";
  const quota = isQuotaExceeded(error) ? QUOTAS.find(([codes]) => codes.test(code))?.[1] : undefined;
  if (quota !== undefined) return quota;
  if (isQuotaExceeded(error)) return "ask AWS for a higher quota, or delete what is not needed";
  if (isIncorrectState(error)) return "kas admin instances shows its state; wait until it has settled";
  return INPUT.find(([codes]) => codes.test(code))?.[1];
}

const ENCODED = /\s*Encoded authorization failure message:\s*(\S*).*$/s;

/** What `aws sts decode-authorization-message` takes. */
function encoded(error: Error): string | undefined {
  return ENCODED.exec(error.message)?.[1] || undefined;
}

/** What AWS says, without the encoded blob that EC2 appends to a denial. */
function said(error: Error): string {
  return line(error.message.replace(ENCODED, "")) || "AWS failed";
}

/** What a provider says of a profile or an SSO session that failed is worth telling; that the whole chain is empty is not. */
function whyNone(message: string): string {
  return /any providers/.test(message)
    ? "none were found in the environment, the profile or the instance's role"
    : line(message);
}

function unknown(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { message: line(String(error)) };
  const status = metadata(error).httpStatusCode;
  if (status === 407) {
    return {
      message: "the proxy wants a user and a password (HTTP status 407)",
      hint: "set HTTPS_PROXY with both",
    };
  }
  if (status !== undefined) {
    return {
      message: `an answer that is not AWS's (HTTP status ${status})`,
      hint: "check --endpoint-url and any proxy",
    };
  }
  return { message: line(error.message) || error.name };
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
  readonly attempts?: number;
}

function metadata(error: Error): Metadata {
  const { $metadata, RequestId } = error as Error & { $metadata?: Metadata; RequestId?: string };
  return { ...(RequestId === undefined ? {} : { requestId: RequestId }), ...$metadata };
}

/** What lies beneath an error, a line each, for `--verbose`: AWS's answers with their request ids, and its causes. */
export function causeLines(error: unknown): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at);
    lines.push(
      ...("$fault" in at ? answer(at) : [`because ${at.name}: ${line(at.message)}`]),
    );
  }
  return lines;
}

function answer(error: Error): string[] {
  const { httpStatusCode, requestId, attempts } = metadata(error);
  const facts = [
    `AWS answered ${operationOf(error) ?? "a call"} with ${code(error) ?? error.name}`,
    httpStatusCode !== undefined && `HTTP status ${httpStatusCode}`,
    requestId !== undefined && `request id ${requestId}`,
    attempts !== undefined && attempts > 1 && `${attempts} attempts`,
  ];
  const reason = encoded(error);
  return [
    facts.filter(Boolean).join(", "),
    ...(reason === undefined ? [] : [`aws sts decode-authorization-message --encoded-message ${reason}`]),
  ];
}

/** One line of at most 300 characters, ending without a full stop. */
function line(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "");
  return flat.length > 300 ? `${flat.slice(0, 299)}…` : flat;
}
