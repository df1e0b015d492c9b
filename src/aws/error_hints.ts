/**
 * What an operator can do about an AWS error.
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
  return INPUTS.find(([codes]) => codes.test(code))?.[1];
}

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

/** Hints for wrong input, by the beginning of the code. */
const INPUTS: readonly (readonly [codes: RegExp, hint: string])[] = [
  [/^InvalidAMI/, "choose an --image of this region: aws ec2 describe-images --owners self amazon"],
  [
    /^(InvalidSubnet|SubnetNotFound|VPCIdNotSpecified|MissingInput)/,
    "choose a --subnet of this region: aws ec2 describe-subnets",
  ],
  [
    /^Invalid(SecurityGroup|Group\b)/,
    "choose a --security-group of this region: aws ec2 describe-security-groups",
  ],
  [/^InvalidKeyPair/, "choose a --key-name of this region: aws ec2 describe-key-pairs"],
  [
    /^InvalidLaunchTemplate/,
    "choose a --launch-template of this region: aws ec2 describe-launch-templates",
  ],
  [/^InvalidUserData/, "give --user-data a file of at most 16 KB"],
  [
    /^Unsupported/,
    "choose another --type, or a --subnet in a zone that offers it: aws ec2 describe-instance-type-offerings",
  ],
  [/^(InvalidInstance(ID\b|$)|InvalidTarget$)/, "kas admin instances lists the fleet"],
  [/^LoadBalancerNotFound$/, "kas admin balancers lists the load balancers"],
  [/^TargetGroupNotFound$/, "aws elbv2 describe-target-groups lists the target groups"],
  [/^OperationNotPermitted$/, "disable the instance's stop or termination protection first"],
  [/^PendingVerification$/, "wait up to four hours while AWS verifies the account"],
  [
    /^(Invalid|Malformed|Missing|Validation)/,
    "--verbose shows which call failed, --help what each option accepts",
  ],
];
