/**
 * A load: how much CPU clients ask for, second by second, in numbers of busy instances.
 *
 * @module
 */

/** A load over time, and the size of the fleet for it. */
export interface Load {
  /** Number of instances, the base included. */
  readonly fleet: number;
  /** Its duration, in seconds. */
  readonly seconds: number;
  /** How many instances it keeps completely busy at a second. */
  readonly demand: (second: number) => number;
}

/** How many instances a load needs: as many as keep each one below the `cpuhigh` threshold, and at least one. */
export function instancesNeeded(demand: number, fleet: number, threshold = 80): number {
  // The subtraction absorbs rounding: a load of exactly n instances needs n, not n + 1.
  return Math.max(1, Math.min(fleet, Math.ceil((100 * demand) / threshold - 1e-9)));
}
