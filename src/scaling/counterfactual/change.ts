/**
 * Changes of the input of a decision, and the search for the smallest change that leads to a different decision.
 *
 * @module
 */
import type { Limits } from "../model/limits.ts";
import type { Observation } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";

/** A change of the input to try. */
export interface Change {
  /** The change in words: "with --max 4 instead of 3". */
  readonly change: string;
  readonly observation: Observation;
  /** The changed trigger. Absent if the trigger is the same. */
  readonly trigger?: Trigger;
}

/** Changes of one kind, the smallest change first: an array, or a list that makes each change when it is read. */
export interface Changes {
  readonly length: number;
  at(i: number): Change | undefined;
}

/** How many changes of a kind are tried where each is one instance or one moment. */
export const MOST = 12;

/** In a longer list each change is stronger than the one before it, so that the search can halve it. */
const FEW = 2 * MOST;

/** The first that `at` finds among so many. */
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

/** The values from one bound to another, that one included, in steps of 1/`per`, the smallest change first. */
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

/** Formats a duration in ms as a setting: `90s`. */
export function setting(ms: number): string {
  return `${ms / 1_000}s`;
}
