/**
 * The windows of schedules: spans of time in which other bounds apply.
 *
 * @module
 */
import type { Window } from "../../scaling/model/limits.ts";
import { type CronSchedule, firings } from "./cron.ts";

/** A schedule: when its windows begin, how long they last, and the bounds in them. */
export interface Schedule extends CronSchedule {
  readonly name: string;
  /** How long each window lasts, in ms. */
  readonly duration: number;
  /** The minimum capacity in a window; absent: the fleet's. */
  readonly min?: number;
  /** The maximum capacity in a window; absent: the fleet's. */
  readonly max?: number;
}

/**
 * Yields the windows of a schedule that end after an instant (ms since the epoch), the earliest first. Windows that overlap or touch
 * are one: an expression for every hour with a duration of an hour makes one window without an end, which the generator cuts at
 * `until`.
 *
 * @param until windows that begin later are left out, in ms since the epoch
 * @throws {CronError} if the schedule's expression or time zone cannot be used
 */
export function* windows(
  schedule: Schedule,
  from: number,
  until: number,
): Generator<Window, void, undefined> {
  const { name, duration, min, max } = schedule;
  const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  let open: Window | undefined;
  for (const begins of firings(schedule, from - duration)) {
    if (begins > until) break;
    if (open !== undefined && begins > open.ends) {
      yield open;
      open = undefined;
    }
    open = { name, begins: open?.begins ?? begins, ends: begins + duration, ...bounds };
  }
  if (open !== undefined) yield open;
}
