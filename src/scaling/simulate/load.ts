/**
 * The load that clients cause on a fleet.
 *
 * @module
 */

/** A load over time, and the fleet that serves it. */
export interface Load {
  /** The number of instances of the fleet, base included. */
  readonly fleet: number;
  /** The duration of the load, in seconds. */
  readonly seconds: number;
  /** Returns how many instances the load would keep at 100 % CPU at a second. */
  readonly demand: (second: number) => number;
}

/** Returns how many instances are needed to keep each instance's CPU at or below the `cpuhigh` threshold, and at least one. */
export function instancesNeeded(demand: number, fleet: number, threshold = 80): number {
  // Subtract a little because of rounding errors: a load for exactly n instances must give n, and not n + 1.
  return Math.max(1, Math.min(fleet, Math.ceil((100 * demand) / threshold - 1e-9)));
}
