/**
 * The duration of pauses after failed starts (R18).
 *
 * @module
 */

/** The pause after the first failure, and the longest pause, in ms. Each further failure in a row doubles the pause. */
const PAUSE = { first: 30_000, longest: 900_000 } as const;

/** Returns the pause after a number of failures in a row, in ms. */
export function backoffAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(PAUSE.longest, PAUSE.first * 2 ** (failures - 1));
}
