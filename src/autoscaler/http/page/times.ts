/**
 * Formats times and durations for the status page.
 *
 * @module
 */
import { isoTime } from "../../../cli/format.ts";
import { type Html, html } from "./html.ts";

/** The units of a duration, with their lengths in seconds. */
const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const;

/** Returns how long ago an event happened, with `units` units. The tooltip shows the time of the event. */
export function ago(at: number, now: number, units = 2): Html {
  return html`<time datetime="${isoTime(at)}" title="${isoTime(at)}">${span(now - at, units)} ago</time>`;
}

/** Returns how long a state has lasted. The tooltip shows the time at which it began. */
export function lasting(since: number, now: number): Html {
  return html`<time datetime="${isoTime(since)}" title="since ${isoTime(since)}">for ${
    span(now - since)
  }</time>`;
}

/** Formats a duration, given in ms, with its largest units: `4.2 s`, `3 min 20 s`, `5 d`. */
export function span(ms: number, units = 2): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const counts = UNITS.map(([unit, length], i) => {
    const longer = UNITS[i - 1]?.[1] ?? Infinity;
    return { unit, count: Math.floor((seconds % longer) / length) };
  });
  const first = counts.findIndex(({ count }) => count > 0);
  return counts.slice(first, first + units).filter(({ count }) => count > 0).map(({ unit, count }) =>
    `${count} ${unit}`
  ).join(" ");
}
