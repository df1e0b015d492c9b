/**
 * AWS errors as predicates. Codes: EC2 API "Error codes for the Amazon EC2 API", and the errors
 * that each action of ELB, CloudWatch and SNS lists.
 *
 * @module
 */

/** AWS can't be reached: no connection, or no answer in time. The SDK tries again, as `$retryable` asks it to. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly $retryable = {};
  /** What mends it. */
  readonly hint: string | undefined;
  constructor(message: string, options: ErrorOptions & { readonly hint?: string | undefined } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}

/**
 * The list in an answer of AWS. An empty list is in the answer too, so an answer without one is not AWS's, and an empty fleet must not be read
 * from it.
 *
 * @throws {UnreachableError} if there is no list
 */
export function listIn<T>(list: readonly T[] | undefined, service: string, items: string): readonly T[] {
  if (list === undefined) throw new UnreachableError(`${service}'s answer has no list of ${items}`);
  return list;
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
  // What the SDK makes of an answer that is no AWS answer at all: each 404, a proxy's page for one, is a NotFound to it.
  const foreign = /^Unknown/.test(error.message) && /^(Unknown|NotFound)/.test(error.name);
  return foreign ? undefined : error.name;
}

const operations = new WeakMap<Error, string>();

/** Notes which call an error came from. */
export function setOperation(error: unknown, operation: string): void {
  if (error instanceof Error) operations.set(error, operation);
}

/** The call that an error came from, as IAM names the permission for it: `ec2:StartInstances`. */
export function operationOf(error: Error): string | undefined {
  return operations.get(error);
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
export function isNotRegistrable(error: unknown): boolean {
  return has(UNREGISTRABLE, code(error));
}

/** No capacity for the instance: try another one. */
export function isInsufficientCapacity(error: unknown): boolean {
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
export function isAccessFailure(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof RegionError || isMissingCredentials(error) ||
    isExpiredCredentials(error) || isRejectedCredentials(error);
}

/** The account has as many of them as it may have. */
export function isQuotaExceeded(error: unknown): boolean {
  return has(QUOTA, code(error));
}

/** The credentials, or the signature they made, are of another time. */
export function isExpiredCredentials(error: unknown): boolean {
  return has(EXPIRED, code(error));
}

/** The credentials are not accepted. */
export function isRejectedCredentials(error: unknown): boolean {
  return has(REFUSED, code(error));
}

/** No credentials were found. */
export function isMissingCredentials(error: unknown): boolean {
  return error instanceof Error && NO_CREDENTIALS.has(error.name);
}

function has(codes: ReadonlySet<string>, code: string | undefined): boolean {
  return code !== undefined && codes.has(code);
}
