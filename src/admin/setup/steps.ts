/**
 * The plan of `kas admin setup`, and the steps that it reports.
 *
 * @module
 */
import type { HealthCheckPlan } from "../../aws/balancing/target_group_settings.ts";
import type { Monitoring } from "../../aws/ec2/ec2_instance.ts";
import type { Row } from "../../cli/output.ts";
import type { CpuThresholds } from "../alarms/plans.ts";
import type { BalancerChoice } from "./balancer/choice.ts";

/** The options of a setup: the resources that must exist afterwards, and their settings. */
export interface SetupPlan {
  readonly fleet: string;
  readonly keyName?: string | undefined;
  readonly balancer: BalancerChoice;
  /** The health check of the target group. Absent: an existing target group keeps its health check. */
  readonly healthCheck?: HealthCheckPlan | undefined;
  /** The autoscaler's drain timeout, in ms. Setup makes the load balancer drain for less than this time. */
  readonly drainTimeout: number;
  /** ARN of the topic to use. Default: the topic with the fleet's name, which setup creates. */
  readonly topicArn?: string | undefined;
  /** True: the autoscaler polls the alarms. Setup then creates no topic, and the alarms have no actions (R2). */
  readonly pull?: boolean;
  /** Thresholds of the CPU alarms. Absent: existing alarms keep their thresholds, and new alarms get the default. */
  readonly cpu?: CpuThresholds | undefined;
  /** The period of the alarms in seconds. Absent: existing alarms keep their period, and new alarms get the default. */
  readonly period?: number | undefined;
  /** Number of evaluation periods of the alarms. Absent: existing alarms keep their number, and new alarms get the default. */
  readonly evaluations?: number | undefined;
  /** With `detailed`, setup enables detailed monitoring of the instances. */
  readonly monitoring: Monitoring;
  /** URL at which the autoscaler receives notifications. Absent: setup creates no subscription. */
  readonly url?: string | undefined;
  /** Maximum time for which setup waits until the autoscaler has confirmed the subscription, in ms. */
  readonly confirmTimeout: number;
  /** True: setup reports the necessary changes without making them. */
  readonly dryRun?: boolean;
  /** Callback before each change, with a description of the change. */
  readonly onProgress?: (text: string) => void;
  /** Callback with a sentence that the operator has to know. */
  readonly onNote?: (sentence: string) => void;
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

/** A step of a setup: a resource, and the change that setup made to this resource. */
export interface SetupStep extends Row {
  readonly resource:
    | "topic"
    | "security-group"
    | "rule"
    | "target-group"
    | "balancer"
    | "listener"
    | "zone"
    | "instance"
    | "monitoring"
    | "alarm"
    | "subscription";
  readonly name: string;
  /** The change that setup made. In a dry run, the change that setup would make. */
  readonly action: Change | typeof DONE[Change] | "unchanged";
  /** The settings of the resource. */
  readonly detail: string | undefined;
}

/** More about a step. */
export interface StepNotes {
  /** The step's place among similar steps, such as `3 of 400`, for the progress. */
  readonly place?: string | undefined;
  /** The settings of the resource, for a dry run. */
  readonly detail?: string;
}

/** Reports a step. Before, calls `apply` if `change` is not undefined and the setup is not a dry run. */
export type Ensure = (
  resource: SetupStep["resource"],
  name: string,
  change: Change | undefined,
  apply: () => Promise<unknown>,
  notes?: StepNotes,
) => Promise<void>;

/** The arguments of {@linkcode Ensure}. */
export interface Step {
  readonly resource: SetupStep["resource"];
  readonly name: string;
  readonly change: Change | undefined;
  readonly apply: () => Promise<unknown>;
}

/** Calls {@linkcode Ensure} for each step in order. The progress counts the steps that change a resource. */
export async function ensureAll(ensure: Ensure, steps: readonly Step[]): Promise<void> {
  const total = steps.filter(({ change }) => change !== undefined).length;
  let made = 0;
  for (const { resource, name, change, apply } of steps) {
    const place = change === undefined || total === 1 ? undefined : `${++made} of ${total}`;
    await ensure(resource, name, change, apply, { place });
  }
}

/** Returns the {@linkcode Ensure} function of a plan. */
export function ensurer(plan: SetupPlan, onStep: (step: SetupStep) => void, signal: AbortSignal): Ensure {
  return async (resource, name, change, apply, { place, detail } = {}) => {
    signal.throwIfAborted();
    if (change !== undefined && !plan.dryRun) {
      const action = `${change} ${resource} ${name}`;
      plan.onProgress?.(place === undefined ? action : `${place}: ${action}`);
      await apply();
    }
    const action = change === undefined ? "unchanged" : plan.dryRun ? change : DONE[change];
    onStep({ resource, name, action, detail });
  };
}
