/**
 * Limits of a load balancer's draining delay. Draining must end within the autoscaler's `--drain-timeout`.
 *
 * @module
 */

/** How much later than its draining delay an instance may still be reported as draining, in seconds. */
export const DRAINING_LAG = 15;

/** Returns the longest draining delay (s) of a load balancer with which draining ends within `drainTimeout` (ms). */
export function longestDelay(drainTimeout: number): number {
  return Math.floor(drainTimeout / 1_000) - DRAINING_LAG;
}

/** Whether a draining delay (s) lets requests finish, and draining ends within `drainTimeout` (ms). */
export function isRightDelay(delay: number, drainTimeout: number): boolean {
  return delay > 0 && delay <= longestDelay(drainTimeout);
}
