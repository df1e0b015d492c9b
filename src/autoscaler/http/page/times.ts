/**
 * Formats times and durations for the status page.
 *
 * @module
 */
import { isoTime } from "../../../cli/format.ts";
import { type Html, html } from "./html.ts";

/** Returns how long ago an event happened. The tooltip shows the time of the event. */
export function ago(at: number, now: number): Html {
  return html`<time datetime="${isoTime(at)}" title="${isoTime(at)}">${span(now - at)} ago</time>`;
}

/** Returns how long a state has lasted. The tooltip shows the time at which it began. */
export function lasting(since: number, now: number): Html {
  return html`<time datetime="${isoTime(since)}" title="since ${isoTime(since)}">for ${
    span(now - since)
  }</time>`;
}

/** Formats a duration, given in ms, with its two largest units: `4.2 s`, `3 min 20 s`, `5 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const;
  const counts = units.map(([unit, length], i) => {
    const longer = units[i - 1]?.[1] ?? Infinity;
    return { unit, count: Math.floor((seconds % longer) / length) };
  });
  const first = counts.findIndex(({ count }) => count > 0);
  return counts.slice(first, first + 2).filter(({ count }) => count > 0).map(({ unit, count }) =>
    `${count} ${unit}`
  ).join(" ");
}
