/**
 * Functions that tell the kinds of AWS errors apart.
 *
 * Sources: EC2 API, "Error codes for the Amazon EC2 API", and the errors listed for each action of ELB, CloudWatch
 * and SNS.
 *
 * @module
 */

/** AWS cannot be reached, or its answer cannot be used. `$retryable` makes the SDK retry the request. */
export class UnreachableError extends Error {
  override readonly name: string = "UnreachableError";
  readonly $retryable = {};
  /** What the operator can do about the error. */
  readonly hint: string | undefined;
  constructor(message: string, options: ErrorOptions & { readonly hint?: string | undefined } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}

/**
 * AWS answered with HTTP status 200, but the answer is incomplete: AWS could not read one of the items, or the pages of
 * a listing do not end. kas must not read such an answer as "nothing found".
 */
export class IncompleteAnswerError extends UnreachableError {
  override readonly name = "IncompleteAnswerError";
}

/**
 * Returns the list in an answer of AWS. AWS sends a list even if the list is empty. So an answer without a list is not
 * from AWS, and kas must not read it as "none found".
 *
 * @throws {IncompleteAnswerError} if there is no list
 */
export function listIn<T>(list: readonly T[] | undefined, service: string, items: string): readonly T[] {
  if (list === undefined) throw new IncompleteAnswerError(`${service}'s answer has no list of ${items}`);
  return list;
}

/** No region is set. */
export class RegionError extends Error {
  override readonly name = "RegionError";
  constructor(options?: ErrorOptions) {
    super("no AWS region: it is not in --region, AWS_REGION or the profile", options);
  }
}

/** The source of the credentials failed, or found no credentials. The `cause` is the source's own error. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

const THROTTLED: ReadonlySet<string> = new Set([
  // ELB throttles because a service that it calls throttles the account. The SDK does not count it as throttling.
  "DependencyThrottle",
  "EC2ThrottledException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
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

/** The errors of calls for a security group or one of its rules. */
const NO_GROUP: ReadonlySet<string> = new Set(["InvalidGroup.NotFound", "InvalidPermission.NotFound"]);

/** The errors of creations. */
const DUPLICATE: ReadonlySet<string> = new Set(["InvalidGroup.Duplicate", "InvalidPermission.Duplicate"]);

/** The errors of deletions. Source: EC2 API, "Error codes", and elbv2 API, DeleteTargetGroup. */
const IN_USE: ReadonlySet<string> = new Set(["DependencyViolation", "ResourceInUse"]);

/** The codes with which Classic ELB and ELB v2 refuse to register an instance. */
const NOT_REGISTRABLE: ReadonlySet<string> = new Set(["InvalidInstance", "InvalidTarget"]);

const CAPACITY: ReadonlySet<string> = new Set([
  "InsufficientCapacity",
  "InsufficientHostCapacity",
  "InsufficientInstanceCapacity",
  "InsufficientReservedInstanceCapacity",
]);

const QUOTA: ReadonlySet<string> = new Set([
  "InstanceLimitExceeded",
  "LimitExceeded",
  "RulesPerSecurityGroupLimitExceeded",
  "SecurityGroupLimitExceeded",
  "SubscriptionLimitExceeded",
  "TooManyListeners",
  "TooManyLoadBalancers",
  "TooManyTargetGroups",
  "TooManyTargets",
  "TopicLimitExceeded",
  "VcpuLimitExceeded",
]);

const INCORRECT_STATE: ReadonlySet<string> = new Set(["IncorrectInstanceState", "IncorrectState"]);

/** Errors of StopInstances and TerminateInstances. Source: EC2 API, "Error codes", and EC2 user guide, "Stop a Spot Instance". */
const REFUSED: ReadonlySet<string> = new Set([
  "IncorrectSpotRequestState",
  "OperationNotPermitted",
  "UnsupportedOperation",
]);

const EXPIRED: ReadonlySet<string> = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired"]);

const REJECTED: ReadonlySet<string> = new Set([
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

/** Names of {@linkcode CredentialsError} and of the errors of the SDK's credential providers. */
const NO_CREDENTIALS: ReadonlySet<string> = new Set([
  "CredentialsError",
  "CredentialsProviderError",
  "ProviderError",
  "TokenProviderError",
]);

/**
 * Returns the code that AWS gave an error, for example `InsufficientInstanceCapacity` (`err.Code ?? err.name` in the
 * SDK). Returns undefined if the error is not from AWS.
 */
export function code(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("$fault" in error)) return undefined;
  if ("Code" in error && typeof error.Code === "string") return error.Code;
  // The SDK gives these names to answers that are not AWS's, such as the 404 page of a proxy.
  const foreign = /^Unknown/.test(error.message) && /^(Unknown|NotFound)/.test(error.name);
  return foreign ? undefined : error.name;
}

const operations = new WeakMap<Error, string>();

/** Records which operation failed with an error. */
export function setOperation(error: unknown, operation: string): void {
  if (error instanceof Error) operations.set(error, operation);
}

/** Returns the operation that failed with an error, as the name of its IAM permission: `ec2:StartInstances`. */
export function operationOf(error: Error): string | undefined {
  return operations.get(error);
}

/** Whether AWS throttled the request. */
export function isThrottled(error: unknown): boolean {
  return has(THROTTLED, code(error));
}

/** Whether the resource that the call names does not exist. */
export function isNotFound(error: unknown): boolean {
  return has(NOT_FOUND, code(error));
}

/** Whether the security group or the rule that the call creates exists already. */
export function isDuplicate(error: unknown): boolean {
  return has(DUPLICATE, code(error));
}

/** Whether the security group or the rule that the call names does not exist. */
export function isNoGroup(error: unknown): boolean {
  return has(NO_GROUP, code(error));
}

/** Whether another resource still uses the resource that the call deletes. */
export function isInUse(error: unknown): boolean {
  return has(IN_USE, code(error));
}

/** Whether ELB cannot register the instance, because the instance does not exist or does not run. */
export function isNotRegistrable(error: unknown): boolean {
  return has(NOT_REGISTRABLE, code(error));
}

/** Whether EC2 has no capacity for this instance. Starting a different instance may succeed. */
export function isInsufficientCapacity(error: unknown): boolean {
  return has(CAPACITY, code(error));
}

/** Whether the state of the instance does not allow the operation. */
export function isIncorrectState(error: unknown): boolean {
  return has(INCORRECT_STATE, code(error));
}

/**
 * Whether EC2 refuses to stop or to terminate an instance, however often it is asked: the instance is protected, a one-time Spot
 * instance, or one with an instance store as its root device.
 */
export function isRefused(error: unknown): boolean {
  return has(REFUSED, code(error));
}

/** Whether the credentials are valid, but no policy allows the operation. */
export function isDenied(error: unknown): boolean {
  return has(DENIED, code(error));
}

/**
 * Whether no call can succeed: AWS is unreachable, no region is set, or the credentials are missing, rejected or
 * expired. A command then ends with exit status 3. A denied operation is not such an error, because other operations
 * may be allowed.
 */
export function isAccessFailure(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof RegionError ||
    isMissingCredentials(error) || isExpiredCredentials(error) || isRejectedCredentials(error);
}

/** Whether the account has reached a quota. */
export function isQuotaExceeded(error: unknown): boolean {
  return has(QUOTA, code(error));
}

/** Whether the credentials have expired, or the signature is too old. */
export function isExpiredCredentials(error: unknown): boolean {
  return has(EXPIRED, code(error));
}

/** Whether AWS rejects the credentials. */
export function isRejectedCredentials(error: unknown): boolean {
  return has(REJECTED, code(error));
}

/** Whether no credentials were found, or their provider failed. */
export function isMissingCredentials(error: unknown): boolean {
  return error instanceof Error && NO_CREDENTIALS.has(error.name);
}

function has(codes: ReadonlySet<string>, code: string | undefined): boolean {
  return code !== undefined && codes.has(code);
}
