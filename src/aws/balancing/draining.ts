/**
 * How long a load balancer may drain, so that the autoscaler sees the end of it in time.
 *
 * @module
 */

/** How much later than its delay an instance or a target may be reported as drained, in seconds. */
export const DRAINING_LAG = 15;

/** The longest delay of a load balancer, s, with which draining ends within `drainTimeout` (ms). */
export function longestDelay(drainTimeout: number): number {
  return Math.floor(drainTimeout / 1_000) - DRAINING_LAG;
}

/** Whether a delay (s) lets requests finish, and ends within `drainTimeout` (ms). */
export function isRightDelay(delay: number, drainTimeout: number): boolean {
  return delay > 0 && delay <= longestDelay(drainTimeout);
}
