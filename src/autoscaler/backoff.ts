/**
 * How long the autoscaler waits before it repeats a failed attempt.
 *
 * @module
 */

import type { Clock } from "../runtime.ts";

/**
 * The longest pause before the next attempt, in ms. If AWS was unavailable, the autoscaler notices its return within this
 * time.
 */
export const LONGEST_BACKOFF = 10_000;

/** Returns the pause before the next attempt, in ms. The pause doubles with each failed attempt. */
export function backoff(failedAttempts: number): number {
  return Math.min(LONGEST_BACKOFF, 250 * 2 ** failedAttempts);
}

/** The first and the longest pause after an error in kas itself, for example a full disk, in ms. */
const PAUSE = { first: 100, longest: 5_000 };

/**
 * Yields pauses without an end. Each pause is twice as long as the previous pause. A pause resolves to false when `stop`
 * aborts.
 */
export function* pauses(clock: Clock, stop: AbortSignal): Generator<() => Promise<boolean>> {
  for (let ms = PAUSE.first;; ms = Math.min(2 * ms, PAUSE.longest)) {
    yield async () => {
      await clock.sleep(ms, stop).catch(() => {});
      return !stop.aborted;
    };
  }
}
