/**
 * Formats times, durations, percentages and counts for output.
 *
 * @module
 */

/** What kas prints instead of a secret. */
export const HIDDEN = "(hidden)";

/** Formats a time in ms since the epoch as ISO 8601: `2026-11-24T08:30:00.000Z`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Formats a duration in ms: `12.5 s`, or `300 ms` below one second. */
export function seconds(ms: number): string {
  return Math.abs(ms) < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

/** Formats a duration in ms as a setting accepts it: `60s`. */
export function settingTime(ms: number): string {
  return `${ms / 1_000}s`;
}

/** Formats a percentage: `42.5 %`. */
export function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}

/** Formats a count with its noun: `1 alarm`, `3 alarms`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
