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

/** The checks that can hold an action back, and "" for a decision that no check held back. */
export const CHECKS: readonly (CheckName | "")[] = [
  "",
  "not-newest",
  "paused",
  "cooldown",
  "max-capacity",
  "no-standby",
  "out-beats-in",
  "warm-up",
  "no-candidate",
  "min-capacity",
  "projected-load",
  "cpu-credits",
];

/** The operations that an autoscaler calls, by AWS service. */
export const CALLS: Readonly<Record<string, readonly string[]>> = {
  EC2: [
    "CreateTags",
    "DescribeInstanceAttribute",
    "DescribeInstances",
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
  ],
  ElasticLoadBalancing: [
    "DeregisterInstancesFromLoadBalancer",
    "DescribeInstanceHealth",
    "RegisterInstancesWithLoadBalancer",
  ],
  ElasticLoadBalancingV2: ["DeregisterTargets", "DescribeTargetHealth", "RegisterTargets"],
  CloudWatch: ["DeleteAlarms", "DescribeAlarms", "GetMetricData", "PutMetricAlarm"],
  SNS: ["ConfirmSubscription"],
};

/** The roles of instances. */
export const ROLES: readonly Role[] = ["base", "control", "node"];
