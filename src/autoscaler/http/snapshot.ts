/**
 * How things stand at one moment: what `GET /status` and `GET /metrics` both tell of.
 *
 * @module
 */
import type { Observation } from "../../scaling/model/observation.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import type { ActivityKind as Kind } from "../../scaling/model/activity.ts";
import { type Instance, lifecycleStatus } from "../../scaling/model/instance.ts";
import type { Activity } from "../store/activities.ts";
import type { Step } from "../store/steps.ts";

/** A look at the fleet, as it ended. */
export interface ObservationOutcome {
  /** When it ended, ms since the epoch. */
  readonly at: number;
  readonly seconds: number;
  /** Why it failed, if it did, in one line. */
  readonly error?: string;
}

/** How things stand. Times are ms since the epoch. */
export interface Snapshot {
  readonly now: number;
  /** How the fleet was last seen. */
  readonly observation: Observation | undefined;
  readonly limits: Limits;
  /** The last look at the fleet. */
  readonly lastObservation: ObservationOutcome | undefined;
  /** Messages that wait, and when the first of them was received. */
  readonly waiting: number;
  readonly oldest: number | undefined;
  /** The activities under way, each with the step it is at. */
  readonly inProgress: readonly { readonly activity: Activity; readonly step: Step | undefined }[];
  /** Of the journal and the inbox. */
  readonly bytes: number;
}

/** The lifecycle statuses, with standby instances in quarantine told apart. */
export const DISPLAYED_STATUSES = ["in-service", "joining", "leaving", "standby", "quarantined"] as const;

/** One of {@linkcode DISPLAYED_STATUSES}. */
export type DisplayedStatus = (typeof DISPLAYED_STATUSES)[number];

/** Where an instance stands, what is under way counted as done. */
export function displayedStatus(instance: Instance, activity: Kind | undefined): DisplayedStatus {
  const status = lifecycleStatus(instance, activity);
  return status === "standby" && instance.quarantine !== undefined ? "quarantined" : status;
}
