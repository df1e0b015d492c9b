/**
 * Parses the times of `--at`.
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
  const [, hours, minutes, seconds = "0"] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(value) ?? [];
  if (hours !== undefined && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60) {
    const at = Math.floor(now / DAY) * DAY +
      ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
    return at > now ? at - DAY : at;
  }
  if (/^\d{4}-\d{2}-\d{2}/.test(value)) {
    const zoned = /T.*(Z|[+-]\d{2}:?\d{2})$/.test(value) || !value.includes("T");
    const at = Date.parse(zoned ? value : `${value}Z`);
    if (!Number.isNaN(at)) return at;
  }
  if (/^\d+(\.\d+)?(ms|s|m|h)$/.test(value)) return now - duration(value);
  throw new TypeError("expected a time such as 2026-11-24T08:30:00Z, 08:30, or 10m for 10 minutes ago");
}
