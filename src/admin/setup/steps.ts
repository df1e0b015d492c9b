/**
 * The plan of `kas admin setup`, and the steps that it reports.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import type { Monitoring } from "../../aws/ec2/ec2_instance.ts";
import type { Row } from "../../cli/output.ts";
import type { CpuThresholds } from "../alarms/plans.ts";

/** The resources that must exist after the setup. */
export interface SetupPlan {
  readonly fleet: string;
  readonly keyName?: string | undefined;
  readonly balancer: BalancerRef;
  /** How long an instance may drain, in ms. This time bounds a target group's deregistration delay. */
  readonly drainTimeout: number;
  /** The topic to use. Default: the topic with the fleet's name, which setup creates. */
  readonly topicArn?: string | undefined;
  /** The autoscaler polls the alarms: no topic, alarms without actions (R2). */
  readonly pull?: boolean;
  /** Absent: an existing alarm keeps its thresholds, and a new one gets the defaults. */
  readonly cpu?: CpuThresholds | undefined;
  /** The period of the alarms in seconds. Absent: existing alarms keep their period, and new alarms get the default. */
  readonly period?: number | undefined;
  /** The evaluation periods of the alarms. Absent: existing alarms keep theirs, and new alarms get the default. */
  readonly evaluations?: number | undefined;
  /** Whether setup enables detailed monitoring of the instances. */
  readonly monitoring: Monitoring;
  /** Where the autoscaler receives notifications. Absent: no subscription is created. */
  readonly url?: string | undefined;
  /** How long setup waits until the subscription is confirmed, in ms. */
  readonly confirmTimeout: number;
  /** Whether setup only reports the needed changes, without making them. */
  readonly dryRun?: boolean;
  /** Called before each change. */
  readonly onProgress?: (text: string) => void;
}

const DONE = {
  create: "created",
  enable: "enabled",
  update: "updated",
  register: "registered",
  subscribe: "confirmed",
} as const;

/** A change of a resource. */
export type Change = keyof typeof DONE;

/** A step: a resource, and what setup did with it. */
export interface SetupStep extends Row {
  readonly resource: "topic" | "balancer" | "zone" | "instance" | "monitoring" | "alarm" | "subscription";
  readonly name: string;
  /** In a dry run the change that is needed. */
  readonly action: Change | typeof DONE[Change] | "unchanged";
}

/** Makes a change if one is needed and the run is not a dry run, and reports the step. */
export type Ensure = (
  resource: SetupStep["resource"],
  name: string,
  change: Change | undefined,
  apply: () => Promise<unknown>,
) => Promise<void>;

/** Returns the {@linkcode Ensure} function of a plan. */
export function ensurer(plan: SetupPlan, onStep: (step: SetupStep) => void, signal: AbortSignal): Ensure {
  return async (resource, name, change, apply) => {
    signal.throwIfAborted();
    if (change !== undefined && !plan.dryRun) {
      plan.onProgress?.(`${change} ${resource} ${name}`);
      await apply();
    }
    const action = change === undefined ? "unchanged" : plan.dryRun ? change : DONE[change];
    onStep({ resource, name, action });
  };
}
