/**
 * Parses the times of `--at` and `--until`.
 *
 * @module
 */
import { duration } from "../../cli/parsers.ts";

const DAY = 24 * 3_600_000;

/**
 * Parses a time: a date and time such as `2026-11-24T08:30:00Z`, in UTC if the text has no zone; a time of day such as `08:30`, the
 * last one in UTC before now; or a duration before now such as `10m`.
 *
 * @returns ms since the epoch
 * @throws {TypeError} if the text has a different form
 */
export function parseMoment(value: string, now: number = Date.now()): number {
  const today = timeOfDay(value, now);
  if (today !== undefined) return today > now ? today - DAY : today;
  const at = dateAndTime(value);
  if (at !== undefined) return at;
  if (/^\d+(\.\d+)?(ms|s|m|h)$/.test(value)) return now - duration(value);
  throw new TypeError("expected a time such as 2026-11-24T08:30:00Z, 08:30, or 10m for 10 minutes ago");
}

/**
 * Parses a time in the future: a date and time as {@linkcode parseMoment} takes it, or a time of day such as `08:30`, the next one
 * in UTC.
 *
 * @returns ms since the epoch
 * @throws {TypeError} if the text has a different form, or if the time has passed
 */
export function parseUntil(value: string, now: number = Date.now()): number {
  const today = timeOfDay(value, now);
  if (today !== undefined) return today > now ? today : today + DAY;
  const at = dateAndTime(value);
  if (at !== undefined && at > now) return at;
  throw new TypeError("expected a time in the future such as 2026-11-24T08:30:00Z or 08:30");
}

/** Returns a time of day on the UTC day of `now`. Undefined if the text is not a time of day. */
function timeOfDay(value: string, now: number): number | undefined {
  const [, hours, minutes, seconds = "0"] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(value) ?? [];
  if (hours === undefined || Number(hours) >= 24 || Number(minutes) >= 60 || Number(seconds) >= 60) {
    return undefined;
  }
  return Math.floor(now / DAY) * DAY +
    ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

/** Returns a date and time, in UTC if the text has no zone. Undefined if the text is not a date and time. */
function dateAndTime(value: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(value)) return undefined;
  const zoned = /T.*(Z|[+-]\d{2}:?\d{2})$/.test(value) || !value.includes("T");
  const at = Date.parse(zoned ? value : `${value}Z`);
  return Number.isNaN(at) ? undefined : at;
}
