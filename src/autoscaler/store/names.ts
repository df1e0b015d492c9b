/**
 * The names that the journal stores, and the names that earlier versions of kas stored instead.
 *
 * @module
 */

import type { ActivityKind } from "../../scaling/model/activity.ts";
import type { Trigger } from "../../scaling/model/trigger.ts";

/** The names of steps. Each name says what kas or the instance has reached when the step ends. */
export const STEPS = [
  // The steps of scaling out (R9). A launch has `launched` instead of `started`.
  "launched",
  "started",
  "running",
  "healthy",
  "registered",
  "in-service",
  "first-request",
  "alarms-created",
  // The steps of scaling in (R10). `stopping` and `terminating` end when EC2 has accepted the request.
  "deregistered",
  "drained",
  "rechecked",
  "stopping",
  // `stopped` is also the first step of a start if the instance is still stopping.
  "stopped",
  "terminating",
  "terminated",
  "alarms-deleted",
  // The steps of a rollback (R13): kas stops an instance whose start failed, or registers an instance again whose scale-in failed.
  "rolled-back",
  "re-registered",
  // Without a load balancer: the service on a draining instance takes work again.
  "drain-ended",
] as const;

/** One of {@linkcode STEPS}. */
export type StepName = (typeof STEPS)[number];

/**
 * The status of an activity. A scale-in is `cancelled` if another activity starts its instance. `dry-run` means that kas did
 * not carry the decision out.
 */
export const STATUSES = ["in-progress", "successful", "failed", "cancelled", "dry-run"] as const;

/** One of {@linkcode STATUSES}. */
export type ActivityStatus = (typeof STATUSES)[number];

/** The kinds of activities. */
export const ACTIVITY_KINDS = [
  "start",
  "launch",
  "stop",
  "terminate",
] as const satisfies readonly ActivityKind[];

/** The kinds of triggers. */
export const TRIGGER_KINDS = [
  "notification",
  "reconcile",
  "schedule",
  "telemetry",
  "operator",
] as const satisfies readonly Trigger["kind"][];

/** The names in journals up to schema version 3, with their current names. All other names are unchanged. */
export const RENAMED = {
  trigger: { resync: "reconcile", manual: "operator" },
  status: { done: "successful" },
  step: {
    "looked-at": "rechecked",
    "put-back": "re-registered",
    undone: "rolled-back",
    unwatched: "alarms-deleted",
    watched: "alarms-created",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
