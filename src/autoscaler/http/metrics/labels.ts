/**
 * The values that the labels of `GET /metrics` can have. The lists are fixed, so that the number of time series does not depend on
 * the size of the fleet.
 *
 * @module
 */
import type { CheckName } from "../../../scaling/model/decision.ts";
import type { Role } from "../../../scaling/model/instance.ts";

/** The outcomes of a received message, each with the reasons that kas counts separately. */
export const MESSAGE_OUTCOMES = {
  accepted: [""],
  duplicate: [""],
  unsubscribed: [""],
  refused: [
    "form",
    "size",
    "TopicArn",
    "Timestamp",
    "SignatureVersion",
    "SigningCertURL",
    "Certificate",
    "Signature",
  ],
  failed: ["body", "Certificate", "store", "error"],
} as const;

/** The outcome of a received message. */
export type MessageOutcome = keyof typeof MESSAGE_OUTCOMES;

/** The checks that can hold an action back. The object makes sure that no check is missing. */
const CHECK_NAMES: Readonly<Record<CheckName, true>> = {
  "not-newest": true,
  paused: true,
  cooldown: true,
  "max-capacity": true,
  "no-standby": true,
  "out-beats-in": true,
  "warm-up": true,
  "no-candidate": true,
  "min-capacity": true,
  "projected-load": true,
  "cpu-credits": true,
  cap: true,
};

/** The checks that can hold all actions of a decision back, and "" for the other decisions. */
export const CHECKS: readonly string[] = ["", ...Object.keys(CHECK_NAMES)];

/** The operations that an autoscaler calls, by AWS service. */
export const CALLS: Readonly<Record<string, readonly string[]>> = {
  EC2: [
    "CreateTags",
    "DescribeInstanceAttribute",
    "DescribeInstanceStatus",
    "DescribeInstances",
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
  ],
  ElasticLoadBalancing: [
    "DeregisterInstancesFromLoadBalancer",
    "DescribeInstanceHealth",
    "DescribeLoadBalancers",
    "RegisterInstancesWithLoadBalancer",
  ],
  ElasticLoadBalancingV2: [
    "DeregisterTargets",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
    "RegisterTargets",
  ],
  CloudWatch: ["DeleteAlarms", "DescribeAlarms", "GetMetricData", "PutMetricAlarm"],
  SNS: ["ConfirmSubscription"],
};

/** The roles of instances. */
export const ROLES: readonly Role[] = ["base", "control", "node"];
