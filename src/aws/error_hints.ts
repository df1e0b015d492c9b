/**
 * Hints that say what an operator can do about an AWS error.
 *
 * @module
 */
import {
  isDenied,
  isIncorrectState,
  isInsufficientCapacity,
  isQuotaExceeded,
  isThrottled,
  operationOf,
} from "./errors.ts";

/**
 * Returns the hint for an AWS error: what the operator can do. `code` is the error's code in AWS's answer. `encoded`
 * says whether EC2 appended an encoded reason. Returns undefined if kas has no hint.
 */
export function hintFor(error: Error, code: string, encoded: boolean): string | undefined {
  if (isDenied(error)) {
    const operation = operationOf(error);
    const policy = `${
      operation === undefined ? "" : `allow ${operation}; `
    }kas admin iam-policy prints the required policy`;
    return encoded ? `${policy}; --verbose prints the command that decodes EC2's reason` : policy;
  }
  if (isThrottled(error)) {
    return "repeat the command in a minute; other programs share the account's request limit";
  }
  if (isInsufficientCapacity(error)) {
    return "use another instance, instance type or availability zone, or repeat the command later";
  }
  if (isQuotaExceeded(error)) {
    return QUOTAS.find(([codes]) => codes.test(code))?.[1] ??
      "ask AWS for a higher quota, or delete what you do not need";
  }
  if (isIncorrectState(error)) {
    return "wait until the instance's state no longer changes; kas admin instances shows it";
  }
  const operation = operationOf(error);
  return INPUTS.find(([codes, , calls]) =>
    codes.test(code) && (calls === undefined || operation === undefined || calls.test(operation))
  )?.[1];
}

/**
 * Returns the hint for a source of credentials that failed with an error: `message` is the error's message, `cause` its
 * cause.
 */
export function credentialsHint(cause: unknown, message: string): string {
  if (isDenied(cause)) {
    const operation = /\bsts:\w+/.exec(message)?.[0] ?? "sts:AssumeRole";
    return `allow ${operation} in the caller's policy and in the role's trust policy, or choose another --profile`;
  }
  return CREDENTIALS.find(([words]) => words.test(message))?.[1] ??
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a --profile, or run aws sso login";
}

/** Hints for a failed source of credentials, by the message of its error. */
const CREDENTIALS: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /multi-factor|\bMFA\b/i,
    "export the credentials first: aws configure export-credentials --profile NAME --format env",
  ],
  [/\bSSO\b|\btoken\b.*expired/i, "run aws sso login"],
  [
    /did not answer within/,
    "if the source of the credentials waits for a person, export them first: aws configure export-credentials --format env",
  ],
  [/credential_process|Profile .* process/i, "run the profile's credential_process in a terminal"],
];

/** Hints for a quota that the account has reached, by the beginning of the error code. */
const QUOTAS: readonly (readonly [codes: RegExp, hint: string])[] = [
  [
    /^(Instance|Vcpu)/,
    "terminate instances with kas admin instances terminate ID…; aws service-quotas list-service-quotas --service-code ec2 lists the quotas",
  ],
  [
    /^TooManyLoad/,
    "kas admin balancers lists the load balancers; aws service-quotas list-service-quotas --service-code elasticloadbalancing lists the quotas",
  ],
  [
    /^(Topic|Subscription)/,
    "kas admin topics lists the topics; aws service-quotas list-service-quotas --service-code sns lists the quotas",
  ],
];

/** Matches the operation that launches instances. Its hints name options of `kas admin instances launch`. */
const LAUNCH = /^ec2:RunInstances$/;

/**
 * Hints for wrong input, by the beginning of the error code. A hint with `calls` is only for the operations that
 * `calls` matches, because the same code has another meaning for other operations.
 */
const INPUTS: readonly (readonly [codes: RegExp, hint: string, calls?: RegExp])[] = [
  [/^InvalidAMI/, "choose an --image of this region: aws ec2 describe-images --owners self amazon", LAUNCH],
  [
    /^(InvalidSubnet|SubnetNotFound|VPCIdNotSpecified|MissingInput)/,
    "choose a --subnet of this region: aws ec2 describe-subnets",
    LAUNCH,
  ],
  [
    /^Invalid(SecurityGroup|Group\b)/,
    "choose a --security-group of this region: aws ec2 describe-security-groups",
    LAUNCH,
  ],
  [/^InvalidKeyPair/, "choose a --key-name of this region: aws ec2 describe-key-pairs", LAUNCH],
  [
    /^InvalidLaunchTemplate/,
    "choose a --launch-template of this region: aws ec2 describe-launch-templates",
    LAUNCH,
  ],
  [/^InvalidUserData/, "give --user-data a file of at most 16 KB", LAUNCH],
  [
    /^Unsupported/,
    "choose another --type, or a --subnet in a zone that offers the type: aws ec2 describe-instance-type-offerings",
    LAUNCH,
  ],
  [/^(InvalidInstance(ID\b|$)|InvalidTarget$)/, "kas admin instances lists the fleet"],
  [/^LoadBalancerNotFound$/, "kas admin balancers lists the load balancers"],
  [
    /^TargetGroupNotFound$/,
    "unset KAS_TARGET_GROUP, or give another --target-group: aws elbv2 describe-target-groups lists them",
  ],
  [
    /^OperationNotPermitted$/,
    "disable the instance's stop or termination protection first",
    /^ec2:(Stop|Terminate)Instances$/,
  ],
  [
    /^UnsupportedOperation$/,
    "exclude the instance from the fleet: EC2 cannot stop a one-time Spot instance, or an instance with an instance-store root device",
    /^ec2:StopInstances$/,
  ],
  [
    /^OperationNotPermitted$/,
    "disable the deletion protection of the load balancer first: aws elbv2 modify-load-balancer-attributes",
    /^elasticloadbalancing:DeleteLoadBalancer$/,
  ],
  [/^PendingVerification$/, "wait up to four hours while AWS verifies the account"],
  [
    /^(Invalid|Malformed|Missing|Validation)/,
    "--verbose shows which call failed; --help shows what each option accepts",
  ],
];
