/**
 * Numbers in reasons.
 *
 * @module
 */

/** A duration in seconds: `12.3 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`;
}

/** A share: `12.3 %`. */
export function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}

/** A count and its noun: `1 node`, `2 nodes`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A moment: ISO 8601, UTC. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Sentences in one line; empty ones are left out. */
export function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}
