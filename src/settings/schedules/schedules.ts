/**
 * The schedules of a fleet.
 *
 * @module
 */
import type { Window } from "../../scaling/model/limits.ts";
import { type Schedule, windows } from "./windows.ts";

const DAY = 86_400_000;

/** How far ahead {@linkcode Schedules.overlaps} searches, in ms: a year. */
const YEAR = 366 * DAY;

/** Two schedules that overlap. */
export interface Overlap {
  readonly names: readonly [string, string];
  /** When a window of one schedule first begins in a window of the other, in ms since the epoch. */
  readonly at: number;
}

/** The schedules of a fleet. */
export class Schedules {
  readonly list: readonly Schedule[];
  /** The windows that end after `from` and begin at `until` or before. */
  #found: { readonly from: number; readonly until: number; readonly windows: readonly Window[] } | undefined;

  constructor(list: readonly Schedule[]) {
    this.list = list;
  }

  /** Returns the windows that end after `from` and begin at `until` or before. Times are in ms since the epoch. */
  windows(from: number, until: number): Window[] {
    // The search for firings takes long if a schedule fires each minute, so one search serves a whole day.
    if (this.#found === undefined || from < this.#found.from || until > this.#found.until) {
      const last = Math.max(until, from + DAY);
      this.#found = {
        from,
        until: last,
        windows: this.list.flatMap((schedule) => [...windows(schedule, from, last)]),
      };
    }
    return this.#found.windows.filter(({ begins, ends }) => ends > from && begins <= until)
      .sort((a, b) => a.begins - b.begins);
  }

  /**
   * Returns the first time after `now` at which another set of windows applies: a window begins, its minimum applies because it
   * begins in less than `lead` ms, or it ends. Returns undefined if there is no such time within a day.
   */
  nextChange(now: number, lead: number): number | undefined {
    const times = this.windows(now, now + DAY)
      .flatMap(({ begins, ends }) => [begins - lead, begins, ends])
      .filter((time) => time > now);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Returns the pairs of schedules whose windows overlap within a year of `from`, in ms since the epoch. */
  overlaps(from: number): Overlap[] {
    return this.list.flatMap((a, i) =>
      this.list.slice(i + 1).flatMap((b) => {
        const at = firstOverlap(a, b, from);
        return at === undefined ? [] : [{ names: [a.name, b.name] as const, at }];
      })
    );
  }
}

/** Searches one week after the other, because schedules that overlap usually do so in the first week. */
function firstOverlap(a: Schedule, b: Schedule, from: number): number | undefined {
  for (let week = from; week < from + YEAR; week += 7 * DAY) {
    const [ofA, ofB] = [a, b].map((schedule) => [...windows(schedule, week, week + 7 * DAY)]);
    const times = (ofA ?? []).flatMap((one) =>
      (ofB ?? []).flatMap((other) => {
        const begins = Math.max(one.begins, other.begins);
        return begins < Math.min(one.ends, other.ends) ? [Math.max(begins, from)] : [];
      })
    );
    if (times.length > 0) return Math.min(...times);
  }
  return undefined;
}
