/**
 * The names of the steps of an activity, as the journal stores them.
 *
 * @module
 */

/** Each name says what is true once the step has ended. */
export const STEPS = [
  // Scaling out (R9). `launched` takes the place of `started` where EC2 launches a new instance.
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

/** The names in journals up to schema version 3, and what each is called now. The other names are the same. */
export const RENAMED_STEPS: Readonly<Record<string, StepName>> = {
  "looked-at": "rechecked",
  "put-back": "re-registered",
  undone: "rolled-back",
  unwatched: "alarms-deleted",
  watched: "alarms-created",
};
