/**
 * The fleet that a lab begins with, and how the autoscaler is set.
 *
 * @module
 */
import type { Limits } from "../../../src/scaling/model/limits.ts";

/** An instance as it is planned. */
export interface Plan {
  /** `foreign`: a node of another fleet in the same account. */
  readonly kind: "base" | "control" | "node" | "foreign";
  /** 0 or 1: the region has two. */
  readonly zone: number;
  /** Running and registered from the start, else stopped. */
  readonly serving: boolean;
  readonly quarantined: boolean;
  /** It belongs to an Auto Scaling group. */
  readonly grouped: boolean;
}

/** A node as it is planned. */
export type NodePlan = Omit<Plan, "kind">;

/** A fleet and its settings. Times are ms. */
export interface FleetPlan {
  /** Of all dice. */
  readonly seed: number;
  readonly control: boolean;
  readonly nodes: readonly NodePlan[];
  readonly foreign: boolean;
  /** Whether the load balancer's alarm is there. */
  readonly reqcount: boolean;
  readonly limits: Limits;
  readonly startTimeout: number;
  readonly drainTimeout: number;
}

/** No warm-up and no cooldowns, and no resync but the first. */
export const AT_ONCE: Limits = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 };

/** A quiet fleet of one base and nodes in alternating zones: true for one in service, false for a stopped one. */
export function fleetOf(serving: readonly boolean[], more: Partial<FleetPlan> = {}): FleetPlan {
  return {
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

/** A node that is free to be started. */
const STOPPED: NodePlan = { zone: 0, serving: false, quarantined: false, grouped: false };

/** The instances in the order in which they are launched: base, control, nodes, foreign. */
export function instancesOf({ control, nodes, foreign }: FleetPlan): Plan[] {
  const always = { ...STOPPED, serving: true };
  return [
    { kind: "base", ...always },
    ...(control ? [{ kind: "control", ...always } as const] : []),
    ...nodes.map((it) => ({ kind: "node", ...it }) as const),
    ...(foreign ? [{ kind: "foreign", ...STOPPED } as const] : []),
  ];
}
