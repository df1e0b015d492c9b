/**
 * The exponential backoff after failed starts.
 *
 * @module
 */

/** The pause after the first failure and the longest pause, ms. Each further failure in a row doubles the pause. */
const PAUSE = { first: 30_000, longest: 900_000 } as const;

/** How long the next attempt waits after so many failures in a row, ms. */
export function backoffAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(PAUSE.longest, PAUSE.first * 2 ** (failures - 1));
}
