/**
 * Formats numbers, times and sentences for reasons.
 *
 * @module
 */
import type { Bound } from "./model/capacity.ts";

/** Formats a duration, given in ms: `12.3 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`;
}

/** Formats a percentage: `12.3 %`. */
export function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}

/** Formats a number with its noun: `1 node`, `2 nodes`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** Joins names, but at most `most` of them: `i-1, i-2 and 3 more`. */
export function someOf(names: readonly string[], most: number): string {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Formats a time in ms since the epoch as ISO 8601 in UTC. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Joins sentences in one line. Omits empty sentences. */
export function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** Returns a bound as text. If schedules set it, the text names them: `4 (schedule office)`. */
export function boundText({ value, windows }: Bound, now: number): string {
  if (windows.length === 0) return `${value}`;
  const names = windows.map(({ name, begins }) =>
    begins <= now ? name : `${name}, which begins at ${new Date(begins).toISOString()}`
  );
  return `${value} (schedule${names.length === 1 ? "" : "s"} ${names.join(" and ")})`;
}
