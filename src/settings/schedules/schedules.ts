/**
 * The schedules of a fleet.
 *
 * @module
 */
import type { Window } from "../../scaling/model/limits.ts";
import { type Schedule, windows } from "./windows.ts";

const DAY = 86_400_000;

const WEEK = 7 * DAY;

/** How far ahead {@linkcode Schedules.overlaps} searches by default, in ms: a year. */
const YEAR = 366 * DAY;

/** Two schedules that overlap. */
export interface Overlap {
  readonly names: readonly [string, string];
  /** When a window of one schedule first begins in a window of the other, in ms since the epoch. */
  readonly at: number;
  /** The largest minimum of the windows that are open then. Absent if none of them sets a minimum. */
  readonly min?: number;
  /** The smallest maximum of the windows that are open then. Absent if none of them sets a maximum. */
  readonly max?: number;
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

  /**
   * Returns the pairs of schedules whose windows overlap within `span` ms of `from` (ms since the epoch), the earliest overlap
   * first. The search takes about 0.1 ms for each firing of a schedule.
   */
  overlaps(from: number, span = YEAR): Overlap[] {
    if (this.list.length < 2) return [];
    const found = new Map<string, Overlap>();
    // The search reads the windows of one week at a time. So it needs little memory, even if a schedule fires each minute.
    for (let week = from; week < from + span; week += WEEK) {
      const until = Math.min(week + WEEK, from + span);
      const inWeek = this.list.flatMap((schedule) => [...windows(schedule, week, until)]);
      for (const { one, other, at } of overlapsOf(inWeek, week)) {
        const [first = "", second = ""] = this.list.map(({ name }) => name)
          .filter((name) => name === one || name === other);
        const key = `${first} ${second}`;
        if (!found.has(key)) found.set(key, { names: [first, second], at, ...boundsAt(inWeek, at) });
      }
    }
    return [...found.values()];
  }
}

/** Yields the overlaps of windows, the earliest first. If a window is already open at `from`, it counts from `from` on. */
function* overlapsOf(all: readonly Window[], from: number) {
  let open: Window[] = [];
  for (const window of all.toSorted((a, b) => a.begins - b.begins)) {
    open = open.filter(({ ends }) => ends > window.begins);
    const at = Math.max(window.begins, from);
    for (const { name, ends } of open) {
      if (name !== window.name && ends > at) yield { one: name, other: window.name, at };
    }
    open.push(window);
  }
}

/** Returns the largest minimum and the smallest maximum of the windows that are open at a time. */
function boundsAt(all: readonly Window[], at: number): Pick<Overlap, "min" | "max"> {
  const open = all.filter(({ begins, ends }) => begins <= at && at < ends);
  const minima = open.flatMap(({ min }) => min ?? []);
  const maxima = open.flatMap(({ max }) => max ?? []);
  return {
    ...(minima.length === 0 ? {} : { min: Math.max(...minima) }),
    ...(maxima.length === 0 ? {} : { max: Math.min(...maxima) }),
  };
}
