/**
 * Changes of the trigger or the observation of a decision, and the search for the smallest change that leads to another decision.
 *
 * @module
 */
import type { Limits } from "../model/limits.ts";
import type { Observation } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";

/** A changed trigger or observation, for which the decision is made again. */
export interface Change {
  /** The change in words: "with --max 4 instead of 3". */
  readonly change: string;
  readonly observation: Observation;
  /** The changed trigger. Absent if the trigger is the same. */
  readonly trigger?: Trigger;
}

/** Changes of one kind, the smallest change first. A long list creates each change only when the search needs it. */
export interface Changes {
  readonly length: number;
  at(i: number): Change | undefined;
}

/** The largest number of changes of one kind that are tried, if each change concerns another instance or another time. */
export const MOST = 12;

/** A list with more changes than this is sorted by strength: if a change leads to another decision, so do all later changes. */
const FEW = 2 * MOST;

/**
 * Returns the first result of `at` that is not undefined, for the indexes from 0 to `length` - 1. Uses a binary search if
 * there are more than {@linkcode FEW} indexes.
 */
export function slightest<T>(length: number, at: (i: number) => T | undefined): T | undefined {
  if (length > FEW) {
    let found = at(length - 1);
    if (found === undefined) return undefined;
    let low = 0;
    let high = length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const here = at(middle);
      if (here === undefined) low = middle + 1;
      else [found, high] = [here, middle];
    }
    return found;
  }
  for (let i = 0; i < length; i++) {
    const found = at(i);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Returns a change for each value between `from` and `to`, without `from` and with `to`, the value next to `from` first. The
 * values are multiples of 1/`per`.
 */
export function ladder(from: number, to: number, per: number, change: (value: number) => Change): Changes {
  const down = to < from;
  const first = down ? Math.ceil(from * per) - 1 : Math.floor(from * per) + 1;
  const last = Math.round(to * per);
  const length = Math.max(0, down ? first - last + 1 : last - first + 1);
  return { length, at: (i) => change((down ? first - i : first + i) / per) };
}

/** Returns the observation with changed limits. */
export function withLimits(observation: Observation, limits: Partial<Limits>): Observation {
  return { ...observation, limits: { ...observation.limits, ...limits } };
}

/** Formats a duration, given in ms, as the value of a flag: `90s`. */
export function setting(ms: number): string {
  return `${ms / 1_000}s`;
}
