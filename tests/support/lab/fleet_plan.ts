/**
 * The fleet with which a lab begins, and the settings of its autoscaler.
 *
 * @module
 */
import { DEFAULT_FAULTS } from "../../../src/sandbox/faults/defaults.ts";
import type { ScrapeSettings } from "../../../src/autoscaler/assembly_options.ts";
import type { HealthCheckSpec } from "../../../src/health/spec.ts";
import type { Schedules } from "../../../src/settings/schedules/schedules.ts";
import type { Limits } from "../../../src/scaling/model/limits.ts";

/** The name of a lab's fleet and of its topic. */
export const FLEET = "kas";

/** A planned instance. */
export interface InstancePlan {
  /** `foreign`: a node of another fleet in the same account. */
  readonly kind: "base" | "control" | "node" | "foreign";
  /** The number of the zone, 0 or 1. */
  readonly zone: number;
  /** Whether the instance runs and is registered from the start. Otherwise it is stopped. */
  readonly serving: boolean;
  readonly quarantined: boolean;
  /** Whether the instance belongs to an Auto Scaling group. */
  readonly grouped: boolean;
  /** Whether the instance has the tag `kas:protected`. Default: no. */
  readonly protected?: boolean;
  /** What makes EC2 refuse to stop it. Default: nothing. */
  readonly unstoppable?: "one-time-spot" | "instance-store";
}

/** A planned node. */
export type NodePlan = Omit<InstancePlan, "kind">;

/** A fleet and its settings. All times are in ms. */
export interface FleetPlan {
  /** The name of the fleet, its load balancer and its key pair. Default: {@linkcode FLEET}. */
  readonly name?: string;
  /** The name of its topic. Default: {@linkcode FLEET}. */
  readonly topic?: string;
  /**
   * Whether the simulated AWS has none of the delays and limits of a real account. Tests that are not about these set
   * it.
   */
  readonly kind: boolean;
  /** Faults of AWS from the start. A fault replaces the default fault with the same name. */
  readonly faults: readonly string[];
  /** The seed of all random numbers. */
  readonly seed: number;
  readonly control: boolean;
  readonly nodes: readonly NodePlan[];
  readonly foreign: boolean;
  /** `none`: the fleet has no load balancer, and its services take jobs from a queue. Default: a Classic Load Balancer. */
  readonly balancer?: "none";
  /** Whether the autoscaler asks the services of a fleet without a load balancer to drain. Default: yes. */
  readonly asksToDrain?: boolean;
  /** Whether the fleet has a `reqcount` alarm. */
  readonly reqcount: boolean;
  readonly limits: Limits;
  readonly schedules?: Schedules;
  /** How kas scrapes the instances. Default: it does not. */
  readonly scrape?: ScrapeSettings;
  readonly startTimeout: number;
  readonly drainTimeout: number;
  /** The health check of `--health-check`. Default: the load balancer's. */
  readonly healthCheck?: HealthCheckSpec;
  /** How long EC2 takes to stop an instance. Default: 15 s. */
  readonly shutdown?: number;
}

/** Limits with which kas acts at once: no warm-up, no cooldowns, and no reconcile after the first one. The others are the defaults. */
export const AT_ONCE: Limits = {
  warmup: 0,
  cooldownOut: 0,
  cooldownIn: 0,
  resync: 3_600_000,
  unhealthyAfter: 120_000,
};

/**
 * Plans a fleet of one base instance and nodes in alternating zones. An element of `serving` is true for a node in
 * service, and false for a stopped node. By default AWS has the delays and limits of a real account.
 */
export function fleetOf(serving: readonly boolean[], more: Partial<FleetPlan> = {}): FleetPlan {
  return {
    kind: false,
    faults: [],
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

/** Returns the faults with which a lab begins. */
export function faultsOf({ kind, faults }: FleetPlan): readonly string[] {
  return [...(kind ? [] : DEFAULT_FAULTS), ...faults];
}

/** A standby node. */
const STOPPED: NodePlan = { zone: 0, serving: false, quarantined: false, grouped: false };

/** Returns the planned instances in the order of their launch: base, control, nodes, instances of other fleets. */
export function instancesOf({ control, nodes, foreign }: FleetPlan): InstancePlan[] {
  const always = { ...STOPPED, serving: true };
  return [
    { kind: "base", ...always },
    ...(control ? [{ kind: "control", ...always } as const] : []),
    ...nodes.map((it) => ({ kind: "node", ...it }) as const),
    ...(foreign ? [{ kind: "foreign", ...STOPPED } as const] : []),
  ];
}

/** Returns the name of a planned fleet. */
export function nameOf({ name = FLEET }: FleetPlan): string {
  return name;
}
