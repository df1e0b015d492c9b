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
 * The hint for an error with a code, readable after "Try:". `encoded` says whether EC2 appended an encoded reason.
 * Undefined if there is no hint.
 */
export function hintFor(error: Error, code: string, encoded: boolean): string | undefined {
  if (isDenied(error)) {
    const operation = operationOf(error);
    const policy = `${
      operation === undefined ? "" : `allow ${operation}; `
    }kas admin iam-policy prints the required policy`;
    return encoded ? `${policy}, --verbose how to decode the reason` : policy;
  }
  if (isThrottled(error)) return "repeat it in a minute; other tools share the account's limit";
  if (isInsufficientCapacity(error)) {
    return "use another instance, type or availability zone, or repeat it later";
  }
  if (isQuotaExceeded(error)) {
    return QUOTAS.find(([codes]) => codes.test(code))?.[1] ??
      "ask AWS for a higher quota, or delete what you do not need";
  }
  if (isIncorrectState(error)) return "kas admin instances shows its state; wait until the state is stable";
  const operation = operationOf(error);
  return INPUTS.find(([codes, , calls]) =>
    codes.test(code) && (calls === undefined || operation === undefined || calls.test(operation))
  )?.[1];
}

/** The hint for a source of credentials that failed with a cause or a message. */
export function credentialsHint(cause: unknown, message: string): string {
  if (isDenied(cause)) {
    const operation = /\bsts:\w+/.exec(message)?.[0] ?? "sts:AssumeRole";
    return `allow ${operation} in the caller's policy and in the role's trust policy, or choose another --profile`;
  }
  return CREDENTIALS.find(([words]) => words.test(message))?.[1] ??
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a --profile, or run aws sso login";
}

/** Hints for the source of the credentials, by its message. */
const CREDENTIALS: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /multi-factor|\bMFA\b/i,
    "export the credentials first: aws configure export-credentials --profile NAME --format env",
  ],
  [/\bSSO\b|\btoken\b.*expired/i, "run aws sso login"],
  [
    /did not answer within/,
    "export the credentials first, if their source waits for a person: aws configure export-credentials --format env",
  ],
  [/credential_process|Profile .* process/i, "run the profile's credential_process in a terminal"],
];

/** Hints for a quota, by the beginning of the code. */
const QUOTAS: readonly (readonly [codes: RegExp, hint: string])[] = [
  [
    /^(Instance|Vcpu)/,
    "terminate instances with kas admin instances terminate ID…; aws service-quotas list-service-quotas --service-code ec2",
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

/** Whether an operation is a launch. The errors of a launch are about its own options. */
const LAUNCH = /^ec2:RunInstances$/;

/** Hints for wrong input, by the beginning of the code. The same code means something else in other calls. */
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
    "choose another --type, or a --subnet in a zone that offers it: aws ec2 describe-instance-type-offerings",
    LAUNCH,
  ],
  [/^(InvalidInstance(ID\b|$)|InvalidTarget$)/, "kas admin instances lists the fleet"],
  [/^LoadBalancerNotFound$/, "kas admin balancers lists the load balancers"],
  [/^TargetGroupNotFound$/, "aws elbv2 describe-target-groups lists the target groups"],
  [
    /^OperationNotPermitted$/,
    "disable the instance's stop or termination protection first",
    /^ec2:(Stop|Terminate)Instances$/,
  ],
  [
    /^UnsupportedOperation$/,
    "exclude the instance from the fleet: EC2 cannot stop a one-time Spot instance, or one with an instance-store root",
    /^ec2:StopInstances$/,
  ],
  [/^PendingVerification$/, "wait up to four hours while AWS verifies the account"],
  [
    /^(Invalid|Malformed|Missing|Validation)/,
    "--verbose shows which call failed, --help what each option accepts",
  ],
];
