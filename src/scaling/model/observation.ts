/**
 * What a decision may look at: plain JSON, so that a decision can be recorded and made again (R16).
 *
 * @module
 */
import type { ActivityInProgress } from "./activity.ts";
import type { Alarm } from "./alarm.ts";
import { inService, type Instance } from "./instance.ts";
import type { Limits } from "./limits.ts";
import type { Datapoint } from "./metric.ts";
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
   * When capacity in service last changed, by kas or anybody else, as far as observations showed it; absent where none did, and in
   * the records of versions 1 and 2 of the rules.
   */
  readonly capacityChanged?: number;
  /** When launches began to fail and when the last one did; absent if the last one succeeded or failed long ago. */
  readonly launchesFail?: { readonly since: number; readonly last: number };
  /**
   * The starts since the first one that failed within the last hours, in order. Absent if none failed, and in the records of
   * versions 1 to 3 of the rules.
   */
  readonly starts?: readonly StartEvent[];
}

/** The newest change of an alarm that an earlier evaluation acted on (R11). */
export interface ProcessedChange {
  /** StateChangeTime, in ms since the epoch. */
  readonly at: number;
  /** The trigger of that evaluation. */
  readonly by: "notification" | "reconcile";
}

/** Everything that a decision may look at (R16). Times are in ms since the epoch. */
export interface Observation {
  readonly now: number;
  readonly fleet: string;
  readonly limits: Limits;
  readonly instances: readonly Instance[];
  /** The fleet's alarms. For scaling out on a notification or by an operator, the trigger's own alarm at most. */
  readonly alarms: readonly Alarm[];
  /**
   * The latest datapoint since the launch of each instance, by its id. Absent if the load was not read, because the decision
   * did not depend on it: CloudWatch bills each metric that it is asked for.
   */
  readonly cpu?: Readonly<Record<string, Datapoint>>;
  /**
   * The CPU credit balance of instances, by their id. Absent if it was not read: it matters only where the load lets an instance stop
   * and the CPU of another is at the baseline of its T type.
   */
  readonly credits?: Readonly<Record<string, number>>;
  /** In the order in which they began: of two at one instance, the later counts. */
  readonly inProgress: readonly ActivityInProgress[];
  readonly history: History;
  /** The newest processed change of the trigger's alarm; absent without one, and for other triggers. */
  readonly processed?: ProcessedChange;
}

/**
 * Stands for an observation that was not made: the trigger recommends no action, or AWS could not be read.
 */
export interface Unobserved {
  readonly kind: "unobserved";
  /** The time in ms since the epoch. */
  readonly now: number;
  /** Why there is no observation; absent where the trigger itself says so. */
  readonly why?: string;
  /** The newest processed change of the trigger's alarm. */
  readonly processed?: ProcessedChange;
}

/** Whether the fleet was observed. */
export function isObserved(observation: Observation | Unobserved): observation is Observation {
  return !("kind" in observation);
}

/** Returns the observation with the same load on each instance in service, from a datapoint that began at `at`. */
export function withLoad(observation: Observation, percent: number, at: number): Observation {
  const serving = observation.instances.filter(inService);
  return { ...observation, cpu: Object.fromEntries(serving.map(({ id }) => [id, { percent, at }])) };
}

/** The part of an observation that tells who is in service. */
export type FleetView = Pick<Observation, "limits" | "instances" | "inProgress">;

/**
 * Whether something happened less than `span` ms ago. A time further in the future than `span` comes from a clock that was
 * set back since, and does not count: no clock holds the fleet back for ever.
 */
export function recent(at: number | undefined, span: number, now: number): boolean {
  return at !== undefined && Math.abs(now - at) < span;
}

/** Whether an instance came into service, or was launched, less than the warm-up ago (R5). */
export function isWarmingUp({ id, launched }: Instance, { limits, history, now }: Observation): boolean {
  return [history.inServiceSince[id], launched].some((since) => recent(since, limits.warmup, now));
}
