/**
 * The observation: all data on which a decision depends. It is plain JSON, so that kas can record it and make the decision
 * again (R16).
 *
 * @module
 */
import type { ActivityInProgress, Direction } from "./activity.ts";
import type { Alarm } from "./alarm.ts";
import { inService, type Instance } from "./instance.ts";
import type { Limits, Window } from "./limits.ts";
import type { LoadView, MetricReading } from "./load/view.ts";
import type { Datapoint } from "./load/metric.ts";
import type { AdaptiveView } from "../policies/adaptive/view.ts";
import type { StartEvent } from "./start_event.ts";

/** Earlier events that decisions depend on. Times are in ms since the epoch. */
export interface History {
  /** When kas last decided to scale out. */
  readonly lastOut?: number;
  /** When kas last decided to scale in. */
  readonly lastIn?: number;
  /** When each instance came into service. */
  readonly inServiceSince: Readonly<Record<string, number>>;
  /**
   * When the set of instances in service last changed in an observation, whoever changed it. Absent if no observation showed
   * a change, and in records of versions 1 and 2 of the rules.
   */
  readonly capacityChanged?: number;
  /**
   * When the first and the last launch failed since the last successful launch. Absent if the last launch succeeded, or
   * failed more than an hour ago.
   */
  readonly launchesFail?: { readonly since: number; readonly last: number };
  /**
   * The successes and failures of starts in the last three hours, in order, from the first failure on. Absent if no start
   * failed, and in records of versions 1 to 3 of the rules.
   */
  readonly starts?: readonly StartEvent[];
  /**
   * The losses of instances, the oldest first. They include instances that recovered after kas had replaced them. Absent if there are
   * none.
   */
  readonly losses?: readonly Loss[];
}

/**
 * R21: an instance became unhealthy, or left service although neither kas nor an operator took it out of service. Times are in
 * ms since the epoch.
 */
export interface Loss {
  readonly instance: string;
  readonly zone: string;
  readonly at: number;
  /** Whether kas still has to start another instance in its place. */
  readonly open: boolean;
  /** The id of the instance that kas is starting in its place. Absent if there is none. */
  readonly standIn?: string;
  /** Set if the instance serves again, although kas has started another one in its place. */
  readonly recovered?: true;
}

/** The newest change of an alarm that an earlier evaluation has processed (R11). */
export interface ProcessedChange {
  /** StateChangeTime, in ms since the epoch. */
  readonly at: number;
  /** The trigger of that evaluation. */
  readonly by: "notification" | "reconcile";
}

/** A pause of scaling in one direction, which an operator asked for. Times are in ms since the epoch. */
export interface OperatorPause {
  readonly since: number;
  /** When the pause ends. Absent if it lasts until an operator resumes the scaling. */
  readonly until?: number;
  /** Why the operator paused the scaling. */
  readonly reason?: string;
}

/**
 * A capacity that an operator asked for. It replaces the recommendations of the load policies. Times are in ms since the epoch.
 */
export interface Override {
  readonly capacity: number;
  readonly since: number;
  /** When the override ends. */
  readonly until: number;
  /** Whether the override ends before `until` as soon as the fleet has the capacity, or a check holds it back. */
  readonly once: boolean;
}

/** The pauses that operators asked for, by the direction. */
export type OperatorPauses = Readonly<Partial<Record<Direction, OperatorPause>>>;

/** All data on which a decision depends (R16). Times are in ms since the epoch. */
export interface Observation {
  readonly now: number;
  readonly fleet: string;
  readonly limits: Limits;
  /**
   * The windows of schedules that are open, or begin so soon that kas has to start instances for them now (R19). Absent if the
   * fleet has no schedules. In records of versions 1 to 6 of the rules, also absent if there are no such windows.
   */
  readonly windows?: readonly Window[];
  readonly instances: readonly Instance[];
  /**
   * The alarms of the fleet. If a notification or an operator recommends scaling out, only the trigger's own alarm, if there
   * is one.
   */
  readonly alarms: readonly Alarm[];
  /**
   * The latest CPU datapoint of each instance since its last start, by the id of the instance. Absent if kas did not read the
   * CPU, because the decision did not depend on it: CloudWatch charges for each metric that kas reads. Only one instance, if its
   * datapoint is from before the last change of capacity.
   */
  readonly cpu?: Readonly<Record<string, Datapoint>>;
  /**
   * The CPU credit balances of instances, by the id of the instance. Absent if kas did not read them, because the decision
   * did not depend on them. It depends on them only if the load lets an instance stop, and the CPU of an instance is at the
   * baseline of its T type.
   */
  readonly credits?: Readonly<Record<string, number>>;
  /** The load of the last minutes. Absent if no policy of the fleet reads it. */
  readonly load?: LoadView;
  /** What the adaptive policy has learned. Absent if the fleet has no such policy, and before the first sample. */
  readonly adaptive?: AdaptiveView;
  /** The metrics of the formula policy, by name. Absent if the fleet has no such policy. */
  readonly metrics?: Readonly<Record<string, MetricReading>>;
  /** The activities in progress, in the order in which they began. If an instance has two, the later one counts. */
  readonly inProgress: readonly ActivityInProgress[];
  readonly history: History;
  /** The pauses that operators asked for. Absent if there is none, and in records of versions 1 to 5 of the rules. */
  readonly paused?: OperatorPauses;
  /** The capacity that an operator asked for with `kas admin scale to`. Absent if there is none. */
  readonly override?: Override;
  /** The newest processed change of the trigger's alarm. Absent if there is none, and if the trigger is not a notification. */
  readonly processed?: ProcessedChange;
}

/**
 * Replaces the observation if kas did not observe the fleet, because the trigger recommends no action, or because kas could
 * not read AWS.
 */
export interface Unobserved {
  readonly kind: "unobserved";
  /** The time in ms since the epoch. */
  readonly now: number;
  /** Why kas did not observe the fleet. Absent if the trigger itself is the reason. */
  readonly why?: string;
  /** The newest processed change of the trigger's alarm. */
  readonly processed?: ProcessedChange;
}

/** Whether kas observed the fleet. */
export function isObserved(observation: Observation | Unobserved): observation is Observation {
  return !("kind" in observation);
}

/** Returns the observation with the same load on each instance in service, from a datapoint that began at `at`. */
export function withLoad(observation: Observation, percent: number, at: number): Observation {
  const serving = observation.instances.filter(inService);
  return { ...observation, cpu: Object.fromEntries(serving.map(({ id }) => [id, { percent, at }])) };
}

/** The part of an observation that determines the bounds of the capacity. */
export type BoundsView = Pick<Observation, "now" | "limits" | "windows" | "instances">;

/** The part of an observation that determines the capacity and its bounds. */
export type FleetView = BoundsView & Pick<Observation, "inProgress">;

/**
 * Whether an event was less than `span` ms ago. An event that is further in the future than `span` does not count: its time
 * means that somebody has set the clock back, and kas must not wait until the clock reaches it.
 */
export function recent(at: number | undefined, span: number, now: number): boolean {
  return at !== undefined && Math.abs(now - at) < span;
}

/** Whether an instance came into service, or EC2 started it, less than the warm-up ago (R5). */
export function isWarmingUp({ id, launched }: Instance, { limits, history, now }: Observation): boolean {
  return [history.inServiceSince[id], launched].some((since) => recent(since, limits.warmup, now));
}
