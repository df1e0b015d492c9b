/**
 * Times, durations and counts as kas prints them.
 *
 * @module
 */

/** A time, ms since the epoch, in ISO 8601: `2026-11-24T08:30:00.000Z`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A duration in ms: `12.5 s`, `300 ms` below a second. */
export function seconds(ms: number): string {
  return Math.abs(ms) < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

/** A duration in ms as a setting takes it: `60s`. */
export function settingTime(ms: number): string {
  return `${ms / 1_000}s`;
}

/** `42.5 %`. */
export function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}

/** `1 alarm`, `3 alarms`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
