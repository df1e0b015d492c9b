/**
 * The recent successes and failures of starts, from which kas derives pauses and quarantines (R18).
 *
 * @module
 */

/**
 * Faults that lie outside the instance.
 *
 * - `no-capacity`: EC2 has no capacity for the instance's type in its zone
 * - `quota`: the account has reached a quota
 * - `aws-away`: AWS did not answer
 * - `zone-not-served`: the load balancer sends no requests to the instance's zone
 * - `no-reach`: the autoscaler's health check got no answer from this instance or from any other registered instance
 * - `health-check`: the instance fails the health check, and no other registered instance passes it
 * - `refused`: AWS refuses a request about this instance
 * - `slow`: EC2 takes longer than the timeout with this instance
 * - `balancer-behind`: the load balancer does not know yet that the instance runs
 * - `no-answer`: the autoscaler's health check got no answer from this instance
 * - `unproven`: the instance fails the health check, and there is no other instance with which kas could compare it
 * - `interrupted`: somebody stopped the instance during its start
 */
const CIRCUMSTANCES = [
  "no-capacity",
  "quota",
  "aws-away",
  "zone-not-served",
  "no-reach",
  "health-check",
  "refused",
  "slow",
  "balancer-behind",
  "no-answer",
  "unproven",
  "interrupted",
] as const;

/**
 * Faults that the instance itself causes.
 *
 * - `unhealthy`: the instance fails its health check, and another instance passes its own
 * - `ended`: the instance stopped by itself, or EC2 stopped it
 */
const OWN = ["unhealthy", "ended"] as const;

/** The faults because of which a start may fail. */
export const FAULTS = [...CIRCUMSTANCES, ...OWN] as const;

/** One of {@linkcode FAULTS}. */
export type Fault = (typeof FAULTS)[number];

/** Whether the instance itself causes a fault. */
export function isOwn(fault: Fault): boolean {
  return OWN.some((own) => own === fault);
}

/** EC2 reported that an instance runs, or the load balancer reported that it is in service. Times are in ms since the epoch. */
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
  /** Why the start failed, in the words of the activity's reason. */
  readonly reason: string;
  /** Whether kas quarantined the instance because of this failure. */
  readonly quarantined?: true;
}

/** A success or a failure of a start. */
export type StartEvent = StartSuccess | StartFailure;

/** Whether an event is the failure of a start. */
export function isFailure(event: StartEvent): event is StartFailure {
  return event.what !== "running" && event.what !== "in-service";
}
