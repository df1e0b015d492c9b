/**
 * AWS errors as predicates, and in an operator's words. Codes: EC2 API "Error codes for the Amazon EC2 API", and the errors
 * that each action of ELB, CloudWatch and SNS lists.
 *
 * @module
 */

/** AWS can't be reached: no connection, or no answer in time. The SDK tries again, as `$retryable` asks it to. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly $retryable = {};
}

/** No region is set anywhere. */
export class RegionError extends Error {
  override readonly name = "RegionError";
  constructor(options?: ErrorOptions) {
    super("no AWS region: neither --region, AWS_REGION nor the profile names one", options);
  }
}

const THROTTLED: ReadonlySet<string> = new Set([
  "EC2ThrottledException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "SlowDown",
  "Throttled",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
]);

const NOT_FOUND: ReadonlySet<string> = new Set([
  "InvalidInstance",
  "InvalidInstanceID.NotFound",
  "LoadBalancerNotFound",
  "NotFound",
  "ResourceNotFound",
  "TargetGroupNotFound",
]);

/** In the words of Classic ELB and of ELB v2. */
const UNREGISTRABLE: ReadonlySet<string> = new Set(["InvalidInstance", "InvalidTarget"]);

const CAPACITY: ReadonlySet<string> = new Set([
  "InsufficientCapacity",
  "InsufficientHostCapacity",
  "InsufficientInstanceCapacity",
  "InsufficientReservedInstanceCapacity",
]);

const QUOTA: ReadonlySet<string> = new Set([
  "InstanceLimitExceeded",
  "LimitExceeded",
  "SubscriptionLimitExceeded",
  "TooManyLoadBalancers",
  "TooManyTargets",
  "TopicLimitExceeded",
  "VcpuLimitExceeded",
]);

const INCORRECT_STATE: ReadonlySet<string> = new Set(["IncorrectInstanceState", "IncorrectState"]);

const EXPIRED: ReadonlySet<string> = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired"]);

const REFUSED: ReadonlySet<string> = new Set([
  "AuthFailure",
  "IncompleteSignature",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "MissingAuthenticationToken",
  "OptInRequired",
  "SignatureDoesNotMatch",
  "UnrecognizedClientException",
]);

const DENIED: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AuthorizationError",
  "UnauthorizedOperation",
]);

/** No credentials were found, or what should have given them failed: named so by the SDK's credential providers. */
const NO_CREDENTIALS: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "ProviderError",
  "TokenProviderError",
]);

/** The wire code of an AWS error (`err.Code ?? err.name`), undefined for any other error. */
export function code(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("$fault" in error)) return undefined;
  if ("Code" in error && typeof error.Code === "string") return error.Code;
  // What the SDK makes of an answer that is no AWS answer at all.
  return error.name === "Unknown" ? undefined : error.name;
}

/** AWS asks for fewer calls. */
export function isThrottled(error: unknown): boolean {
  return has(THROTTLED, code(error));
}

/** The instance, load balancer, alarm, topic or subscription does not exist. */
export function isNotFound(error: unknown): boolean {
  return has(NOT_FOUND, code(error));
}

/** The instance can't be registered: it is gone, or does not run. */
export function isUnregistrable(error: unknown): boolean {
  return has(UNREGISTRABLE, code(error));
}

/** No capacity for the instance: try another one. */
export function isCapacity(error: unknown): boolean {
  return has(CAPACITY, code(error));
}

/** The instance is in a state that does not allow the call. */
export function isIncorrectState(error: unknown): boolean {
  return has(INCORRECT_STATE, code(error));
}

/** The credentials are good, but nothing allows them the call. */
export function isDenied(error: unknown): boolean {
  return has(DENIED, code(error));
}

/**
 * Credentials are absent, wrong or expired, or AWS can't be reached: exit status 3. Being denied one action is no such
 * error, as others may be allowed.
 */
export function isOutOfReach(error: unknown): boolean {
  const found = code(error);
  return error instanceof UnreachableError || error instanceof RegionError || lacksCredentials(error) ||
    has(EXPIRED, found) || has(REFUSED, found);
}

/** What an error means, in one line of plain words, and what mends it. Never a stack trace, signature or secret. */
export function explain(error: unknown): { readonly message: string; readonly hint?: string } {
  if (error instanceof RegionError) {
    return { message: error.message, hint: "--region eu-west-1, or set AWS_REGION" };
  }
  if (error instanceof UnreachableError) {
    return {
      message: `AWS is out of reach: ${line(error.message)}`,
      hint: "check the network, --region and --endpoint-url",
    };
  }
  if (lacksCredentials(error)) {
    return {
      message: `no AWS credentials: ${whyNone((error as Error).message)}`,
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a --profile, or aws sso login",
    };
  }
  const found = code(error);
  if (found === undefined || !(error instanceof Error)) return unknown(error);

  // What AWS says about signatures quotes the signed request, session token included: these get words of our own.
  if (has(EXPIRED, found)) {
    return {
      message: `the AWS credentials have expired (${found})`,
      hint: "renew them, with aws sso login for one",
    };
  }
  if (has(REFUSED, found)) {
    return {
      message: `AWS refused the credentials (${found})`,
      hint: "check the access key, the region and this machine's clock",
    };
  }
  const message = `${said(error)} (${found})`;
  const hint = hintFor(found);
  return hint === undefined ? { message } : { message, hint };
}

function hintFor(code: string): string | undefined {
  if (has(DENIED, code)) return "kas admin iam-policy prints the policy that is needed";
  if (has(THROTTLED, code)) return "again in a minute; other tools share the account's limit";
  if (has(CAPACITY, code)) return "another instance, type or availability zone, or again later";
  if (has(QUOTA, code)) return "ask AWS for a higher quota, or delete what is not needed";
  if (has(INCORRECT_STATE, code)) return "kas admin instances shows its state; wait until it has settled";
  if (code === "LoadBalancerNotFound") return "kas admin balancers lists those that exist";
  if (code === "TargetGroupNotFound") return "aws elbv2 describe-target-groups lists those that exist";
  if (code === "InvalidInstance" || code === "InvalidTarget" || code.startsWith("InvalidInstanceID")) {
    return "kas admin instances lists the fleet";
  }
  if (code.startsWith("InvalidLaunchTemplate")) {
    return "aws ec2 describe-launch-templates lists those that exist";
  }
  if (code === "OperationNotPermitted") return "lift the instance's stop or termination protection first";
  return undefined;
}

/** What AWS says, without the encoded blob that EC2 appends to a denial. */
function said(error: Error): string {
  return line(error.message.replace(/\s*Encoded authorization failure message:.*$/s, "")) || "AWS failed";
}

/** What a provider says of a profile or an SSO session that failed is worth telling; that the whole chain is empty is not. */
function whyNone(message: string): string {
  return /any providers/.test(message)
    ? "none were found in the environment, the profile or the instance's role"
    : line(message);
}

function unknown(error: unknown): { readonly message: string; readonly hint?: string } {
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  if (status !== undefined) {
    return {
      message: `an answer that is not AWS's (HTTP status ${status})`,
      hint: "check --endpoint-url and any proxy",
    };
  }
  return { message: error instanceof Error ? line(error.message) || error.name : line(String(error)) };
}

/** One line of at most 300 characters, ending without a full stop. */
function line(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "");
  return flat.length > 300 ? `${flat.slice(0, 299)}…` : flat;
}

function lacksCredentials(error: unknown): boolean {
  return error instanceof Error && NO_CREDENTIALS.has(error.name);
}

function has(codes: ReadonlySet<string>, code: string | undefined): boolean {
  return code !== undefined && codes.has(code);
}
