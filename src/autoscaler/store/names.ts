/**
 * The names that the journal stores, and what earlier versions called them.
 *
 * @module
 */

/** The steps of activities. Each name says what is true once the step has ended. */
export const STEPS = [
  // Scaling out (R9). A launch has `launched` instead of `started`.
  "launched",
  "started",
  "running",
  "healthy",
  "registered",
  "in-service",
  "first-request",
  "alarms-created",
  // Scaling in (R10). `stopping` and `terminating` end when EC2 has accepted the request.
  "deregistered",
  "drained",
  "rechecked",
  "stopping",
  // Also the first step of a start whose instance is still stopping.
  "stopped",
  "terminating",
  "terminated",
  "alarms-deleted",
  // After a failure (R13): a start is rolled back, an instance that stays in service is registered again.
  "rolled-back",
  "re-registered",
] as const;

/** One of {@linkcode STEPS}. */
export type StepName = (typeof STEPS)[number];

/** The status of an activity. `cancelled`: another activity took its instance. `dry-run`: decided, but not carried out. */
export type ActivityStatus = "in-progress" | "successful" | "failed" | "cancelled" | "dry-run";

/** The names in journals up to schema version 3, and what each is called now. A name that is not here is the same. */
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
