/**
 * The load that clients cause on a fleet.
 *
 * @module
 */
import type { LoadRow } from "./csv.ts";

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

/** Values over time. Each applies until the next one. The last one applies as long as the one before it. */
export interface Series {
  readonly rows: readonly LoadRow[];
  /** How long the values last, in seconds. */
  readonly seconds: number;
}

/** Returns the first values of a series, up to a number of seconds. */
export function seriesOf(rows: readonly LoadRow[], most = Infinity): Series {
  const from = rows[0]?.at ?? 0;
  const [beforeLast, last] = [rows.at(-2)?.at ?? from, rows.at(-1)?.at ?? from];
  const seconds = Math.min(Math.ceil(2 * last - beforeLast - from), most);
  return { rows: rows.filter(({ at }) => at - from < seconds), seconds };
}

/** Returns the largest value of a series. */
export function peakOf({ rows }: Series): number {
  return rows.reduce((most, { value }) => Math.max(most, value), 0);
}

/**
 * Returns a load from a series.
 *
 * @param perInstance how much of the value one instance carries at 100 % CPU
 */
export function loadOf({ rows, seconds }: Series, perInstance: number, fleet: number): Load {
  const from = rows[0]?.at ?? 0;
  // A simulation asks second by second, so the row is nearly always that of the last question, or the next one.
  let i = 0;
  return {
    fleet,
    seconds,
    demand: (second) => {
      const at = from + second;
      if ((rows[i]?.at ?? from) > at) i = 0;
      while ((rows[i + 1]?.at ?? Infinity) <= at) i++;
      return (rows[i]?.value ?? 0) / perInstance;
    },
  };
}
