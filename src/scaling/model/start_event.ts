/**
 * What happened at the recent starts of instances: the memory from which the fault model derives pauses and quarantines.
 *
 * @module
 */

/**
 * Faults of the circumstances.
 *
 * - `no-capacity`: EC2 has no capacity for the instance's type in its zone
 * - `quota`: the account has reached a quota
 * - `aws-away`: AWS did not answer
 * - `zone-not-served`: the load balancer sends no requests to the instance's zone
 * - `no-reach`: the autoscaler's health check got no answer from this instance, nor from any other one
 * - `health-check`: the instance fails the health check, and so do those that were healthy before
 * - `refused`: AWS refuses a request about this instance
 * - `slow`: EC2 takes too long with this instance
 * - `balancer-behind`: the load balancer does not know yet that the instance runs
 * - `no-answer`: the autoscaler's health check got no answer from this instance
 * - `unproven`: the instance fails the health check, and there is no other instance to compare it with
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
 * Faults of the instance itself.
 *
 * - `unhealthy`: the instance fails its health check after a clean start, while another instance passes
 * - `ended`: the instance stopped by itself, or EC2 stopped it
 */
const OWN = ["unhealthy", "ended"] as const;

/** The reasons for which a start may fail. */
export const FAULTS = [...CIRCUMSTANCES, ...OWN] as const;

/** One of {@linkcode FAULTS}. */
export type Fault = (typeof FAULTS)[number];

/** Whether a fault is the instance's own. */
export function isOwn(fault: Fault): boolean {
  return OWN.some((own) => own === fault);
}

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
  /** Whether kas quarantined the instance because of this failure. */
  readonly quarantined?: true;
}

/** A success or a failure of a start. */
export type StartEvent = StartSuccess | StartFailure;

/** Whether a start failed. */
export function isFailure(event: StartEvent): event is StartFailure {
  return event.what !== "running" && event.what !== "in-service";
}
