/**
 * How long the autoscaler waits before it tries again what has failed.
 *
 * @module
 */

import type { Clock } from "../runtime.ts";

/** The longest pause before another attempt, ms. The autoscaler notices within this time that AWS is available again. */
export const LONGEST_BACKOFF = 10_000;

/** The pause before another attempt, ms: it doubles with each attempt that has failed. */
export function backoff(failedAttempts: number): number {
  return Math.min(LONGEST_BACKOFF, 250 * 2 ** failedAttempts);
}

/** The first and the longest pause after an attempt that failed within kas, for example because the disk is full, ms. */
const PAUSE = { first: 100, longest: 5_000 };

/** Pauses without an end, each twice as long as the one before. A pause resolves to false once `stop` is aborted. */
export function* pauses(clock: Clock, stop: AbortSignal): Generator<() => Promise<boolean>> {
  for (let ms = PAUSE.first;; ms = Math.min(2 * ms, PAUSE.longest)) {
    yield async () => {
      await clock.sleep(ms, stop).catch(() => {});
      return !stop.aborted;
    };
  }
}
