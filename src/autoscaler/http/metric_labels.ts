/**
 * The values of the labels of `GET /metrics`: fixed lists, so that the number of series does not grow with the fleet.
 *
 * @module
 */
import type { CheckName } from "../../scaling/model/decision.ts";
import type { Role } from "../../scaling/model/instance.ts";

/** The outcomes of a posted message, and for a message that was not accepted the reasons. */
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

/** The outcome of a posted message. */
export type MessageOutcome = keyof typeof MESSAGE_OUTCOMES;

/** The checks that can hold an action back. "" if none did. */
export const CHECKS: readonly (CheckName | "")[] = [
  "",
  "not-newest",
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

/** The requests that an autoscaler sends to AWS. */
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
