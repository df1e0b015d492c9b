/**
 * What a decision may look at: plain JSON, so that it can be written down and the decision made again (R16).
 *
 * @module
 */
import type { Alarm } from "./alarm.ts";
import type { ActivityKind, Instance } from "./instance.ts";

/** The limits that the rules keep. Times are ms. */
export interface Limits {
  /** R3; absent: the number of base and control instances. */
  readonly min?: number;
  /** R3; absent: the whole fleet. */
  readonly max?: number;
  readonly warmup: number;
  readonly cooldownOut: number;
  readonly cooldownIn: number;
  readonly resync: number;
  /** The launch template that a node is launched from when none is left to start (R7); absent: none is ever launched. */
  readonly grow?: string;
  /** What becomes of a node that is taken out (R10); absent: it is stopped. */
  readonly shrink?: "stop" | "terminate";
}

/** The latest CPU datapoint of an instance: percent, and its time in ms since the epoch. */
export interface Datapoint {
  readonly percent: number;
  readonly at: number;
}

/** An activity under way, as far as it bears on the next decision. */
export interface ActivityInProgress {
  readonly kind: ActivityKind;
  /** Absent for a launch that EC2 has not answered yet. */
  readonly instance?: string;
  /** ms since the epoch. */
  readonly since: number;
}

/** Everything a decision may look at (R16). Times are ms since the epoch. */
export interface Observation {
  readonly now: number;
  readonly fleet: string;
  readonly limits: Limits;
  readonly instances: readonly Instance[];
  /** The fleet's; for a step out that is asked for the one that asks alone, as no rule looks at another. */
  readonly alarms: readonly Alarm[];
  /** Latest datapoint since its launch, by instance id; absent where there is none, and for a step out that is asked for. */
  readonly cpu: Readonly<Record<string, Datapoint>>;
  /** In the order they began: of two for one instance, the later counts. */
  readonly inProgress: readonly ActivityInProgress[];
  /** When the last step of either direction was decided, and when each instance came into service. */
  readonly history: {
    readonly lastOut?: number;
    readonly lastIn?: number;
    readonly inServiceSince: Readonly<Record<string, number>>;
    /** When launches began to fail, and when the last one did; absent if the last one succeeded, or failed long ago. */
    readonly launchesFail?: { readonly since: number; readonly last: number };
  };
}

/** As much of the facts as tells who is in service. */
export type Standings = Pick<Observation, "limits" | "instances" | "inProgress">;

/** What is under way with an instance. */
export function activityOf(facts: Pick<Observation, "inProgress">): (id: string) => ActivityKind | undefined {
  const latest = new Map<string | undefined, ActivityKind>(
    facts.inProgress.map(({ instance, kind }) => [instance, kind]),
  );
  return (id) => latest.get(id);
}

/**
 * Whether something happened less than `span` ms ago. A time that lies further ahead than `span` was taken by a clock
 * that has since been set back, and holds nothing up: no clock freezes the fleet for ever.
 */
export function recent(at: number | undefined, span: number, now: number): boolean {
  return at !== undefined && Math.abs(now - at) < span;
}
