/**
 * The fleet that a lab begins with, and the settings of its autoscaler.
 *
 * @module
 */
import type { Limits } from "../../../src/scaling/model/limits.ts";

/** A planned instance. */
export interface InstancePlan {
  /** `foreign`: a node of another fleet in the same account. */
  readonly kind: "base" | "control" | "node" | "foreign";
  /** 0 or 1: the region has two zones. */
  readonly zone: number;
  /** Whether it runs and is registered from the start. Otherwise it is stopped. */
  readonly serving: boolean;
  readonly quarantined: boolean;
  /** Whether it belongs to an Auto Scaling group. */
  readonly grouped: boolean;
}

/** A planned node. */
export type NodePlan = Omit<InstancePlan, "kind">;

/** A fleet and its settings. Times are ms. */
export interface FleetPlan {
  /** Whether AWS is kinder than a real account, for tests of something else. */
  readonly kind: boolean;
  /** The seed of all randomness. */
  readonly seed: number;
  readonly control: boolean;
  readonly nodes: readonly NodePlan[];
  readonly foreign: boolean;
  /** Whether the load balancer has an alarm. */
  readonly reqcount: boolean;
  readonly limits: Limits;
  readonly startTimeout: number;
  readonly drainTimeout: number;
  /** How long EC2 takes to stop an instance. Default: 15 s. */
  readonly shutdown?: number;
}

/** No warm-up, no cooldowns, and no reconciliation after the first one. */
export const AT_ONCE: Limits = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 };

/**
 * A fleet of one base instance and nodes in alternating zones: true for a node in service, false for a stopped one. AWS is as unkind
 * as a real account.
 */
export function fleetOf(serving: readonly boolean[], more: Partial<FleetPlan> = {}): FleetPlan {
  return {
    kind: false,
    seed: 1,
    control: false,
    nodes: serving.map((serving, i) => ({ ...STOPPED, zone: (i + 1) % 2, serving })),
    foreign: false,
    reqcount: false,
    limits: AT_ONCE,
    startTimeout: 60_000,
    drainTimeout: 400_000,
    ...more,
  };
}

/** A standby node. */
const STOPPED: NodePlan = { zone: 0, serving: false, quarantined: false, grouped: false };

/** The instances in the order of their launch: base, control, nodes, foreign. */
export function instancesOf({ control, nodes, foreign }: FleetPlan): InstancePlan[] {
  const always = { ...STOPPED, serving: true };
  return [
    { kind: "base", ...always },
    ...(control ? [{ kind: "control", ...always } as const] : []),
    ...nodes.map((it) => ({ kind: "node", ...it }) as const),
    ...(foreign ? [{ kind: "foreign", ...STOPPED } as const] : []),
  ];
}
