/**
 * The state of the autoscaler at one moment, for `GET /status` and `GET /metrics`.
 *
 * @module
 */
import { type ActivityKind, activityOf } from "../../scaling/model/activity.ts";
import { boundsOf, capacityOf } from "../../scaling/model/capacity.ts";
import { type Instance, lifecycleStatus } from "../../scaling/model/instance.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import type { Observation, OperatorPauses, Override } from "../../scaling/model/observation.ts";
import type { Alert } from "../alerts/alert.ts";
import type { Activity } from "../store/activities.ts";
import type { Step } from "../store/steps.ts";
import type { LastScrape } from "../telemetry/samples.ts";

/** The outcome of an observation of the fleet. */
export interface ObservationOutcome {
  /** When the observation ended, in ms since the epoch. */
  readonly at: number;
  /** How long the observation took. */
  readonly seconds: number;
  /** Why the observation failed, in one line. Absent if it succeeded. */
  readonly error?: string;
}

/** The state of the autoscaler at the time `now`. Times are in ms since the epoch. */
export interface Snapshot {
  readonly now: number;
  /** The last observation of the fleet. */
  readonly observation: Observation | undefined;
  /** The capacity that the fleet has when the actions of the last decision have succeeded. Undefined before the first decision. */
  readonly desired: number | undefined;
  readonly limits: Limits;
  /** The outcome of the last attempt to observe the fleet. */
  readonly lastObservation: ObservationOutcome | undefined;
  /** The number of messages in the inbox that kas has not processed yet. */
  readonly waiting: number;
  /** When kas received the oldest message that it has not processed yet. */
  readonly oldest: number | undefined;
  /** The activities in progress, each with its current step. */
  readonly inProgress: readonly { readonly activity: Activity; readonly step: Step | undefined }[];
  /** The pauses that operators asked for. Undefined if there is none. */
  readonly paused: OperatorPauses | undefined;
  /** The capacity that an operator asked for. Undefined if there is none. */
  readonly override: Override | undefined;
  /** The last scrape of each instance that kas scrapes, by its id. */
  readonly scrapes: ReadonlyMap<string, LastScrape>;
  /** The alerts that are firing. */
  readonly alerts: readonly Alert[];
  /** The size of the journal and the inbox, in bytes. */
  readonly bytes: number;
}

/**
 * The lifecycle statuses on the status page and in the metrics. A standby instance in quarantine has the status `quarantined`. An
 * instance that an operator has detached, and a node that runs without being registered, has the status `detached`. A standby
 * instance that did not become healthy in time has the status `unhealthy`.
 */
export const DISPLAYED_STATUSES = [
  "in-service",
  "failing",
  "joining",
  "leaving",
  "standby",
  "detached",
  "unhealthy",
  "quarantined",
] as const;

/** One of {@linkcode DISPLAYED_STATUSES}. */
export type DisplayedStatus = (typeof DISPLAYED_STATUSES)[number];

/** Returns the displayed status of an instance. `activity` is the instance's activity in progress, which counts as completed. */
export function displayedStatus(instance: Instance, activity: ActivityKind | undefined): DisplayedStatus {
  const status = lifecycleStatus(instance, activity);
  if (status !== "standby") return status;
  if (instance.quarantine !== undefined) return "quarantined";
  const { detached, role, state, registration, overdue } = instance;
  if (detached || (role === "node" && state === "running" && registration === "none")) return "detached";
  return overdue ? "unhealthy" : status;
}

/** Returns the instances with the displayed status `unhealthy`. */
export function unhealthyOnes(observation: Observation): readonly Instance[] {
  const activity = activityOf(observation);
  return observation.instances.filter((it) => displayedStatus(it, activity(it.id)) === "unhealthy");
}

/** The capacity of the fleet, its bounds in force, and the number of unhealthy instances. */
export interface CapacityStates {
  /** The number of instances in service, failing or joining. */
  readonly current: number;
  /** The capacity that the fleet has when the actions of the last decision have succeeded. */
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly unhealthy: number;
}

/** Returns the capacity of the fleet in the last observation. Before the first observation, the bounds are the configured ones. */
export function capacityStates(
  { observation, desired, limits }: Pick<Snapshot, "observation" | "desired" | "limits">,
): CapacityStates {
  if (observation === undefined) {
    return { current: 0, desired: 0, min: limits.min ?? 0, max: limits.max ?? 0, unhealthy: 0 };
  }
  const { current } = capacityOf(observation);
  const { min, max } = boundsOf({ ...observation, limits });
  return {
    current,
    desired: desired ?? current,
    min: min.value,
    max: max.value,
    unhealthy: unhealthyOnes(observation).length,
  };
}
