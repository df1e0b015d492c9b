/**
 * The state of the autoscaler at one moment, for `GET /status` and `GET /metrics`.
 *
 * @module
 */
import type { ActivityKind } from "../../scaling/model/activity.ts";
import { type Instance, lifecycleStatus } from "../../scaling/model/instance.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import type { Activity } from "../store/activities.ts";
import type { Step } from "../store/steps.ts";

/** How an observation of the fleet ended. */
export interface ObservationOutcome {
  /** When it ended, ms since the epoch. */
  readonly at: number;
  readonly seconds: number;
  /** Why it failed: one line. Absent if it did not fail. */
  readonly error?: string;
}

/** The state of the autoscaler. Times are ms since the epoch. */
export interface Snapshot {
  readonly now: number;
  /** The last observation of the fleet. */
  readonly observation: Observation | undefined;
  readonly limits: Limits;
  /** How the last attempt to observe the fleet ended. */
  readonly lastObservation: ObservationOutcome | undefined;
  /** The number of messages in the inbox, and when the oldest was received. */
  readonly waiting: number;
  readonly oldest: number | undefined;
  /** The activities in progress, each with its open step. */
  readonly inProgress: readonly { readonly activity: Activity; readonly step: Step | undefined }[];
  /** The size of the journal and the inbox. */
  readonly bytes: number;
}

/** The lifecycle statuses that people see: a standby instance in quarantine has one of its own. */
export const DISPLAYED_STATUSES = ["in-service", "joining", "leaving", "standby", "quarantined"] as const;

/** One of {@linkcode DISPLAYED_STATUSES}. */
export type DisplayedStatus = (typeof DISPLAYED_STATUSES)[number];

/** The status of an instance. An activity in progress counts as finished. */
export function displayedStatus(instance: Instance, activity: ActivityKind | undefined): DisplayedStatus {
  const status = lifecycleStatus(instance, activity);
  return status === "standby" && instance.quarantine !== undefined ? "quarantined" : status;
}
