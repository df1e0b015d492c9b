/**
 * What happened at the recent starts of instances: the memory from which the fault model derives pauses and quarantines.
 *
 * @module
 */

/**
 * Why a start failed.
 *
 * - `no-capacity`: EC2 has no capacity for the instance's type in its zone
 * - `quota`: the account has reached a quota
 * - `refused`: AWS refuses a request about this instance
 */
export const FAULTS = ["no-capacity", "quota", "refused"] as const;

/** One of {@linkcode FAULTS}. */
export type Fault = (typeof FAULTS)[number];

/** EC2 reported that an instance runs, or the load balancer that it is in service. Times are in ms since the epoch. */
export interface StartSuccess {
  readonly what: "running" | "in-service";
  readonly at: number;
  readonly instance: string;
}

/** A start failed. */
export interface StartFailure {
  readonly what: Fault;
  readonly at: number;
  readonly instance: string;
  /** What failed, in the words of the activity. */
  readonly reason: string;
}

/** A success or a failure of a start. */
export type StartEvent = StartSuccess | StartFailure;

/** Whether a start failed. */
export function isFailure(event: StartEvent): event is StartFailure {
  return event.what !== "running" && event.what !== "in-service";
}
