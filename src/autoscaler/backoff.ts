/**
 * How long the autoscaler waits before it repeats a failed attempt.
 *
 * @module
 */

import type { Clock } from "../runtime.ts";
import type { ActivityStatus } from "./store/names.ts";

/**
 * The longest pause before the next attempt, in ms. If AWS was unavailable, the autoscaler notices its return within this
 * time.
 */
export const LONGEST_BACKOFF = 10_000;

/** Returns the pause before the next attempt, in ms. The pause doubles with each failed attempt. */
export function backoff(failedAttempts: number): number {
  return Math.min(LONGEST_BACKOFF, 250 * 2 ** failedAttempts);
}

/** The shortest time from an observation to the evaluation that the end of an activity asks for, in ms. */
const SHORTEST_INTERVAL = 1_000;

/**
 * How soon kas evaluates the fleet again after an activity has ended. The next evaluation may decide the same again, and the activity
 * may end at once again. So kas always waits a moment. After failures the pauses become longer, and after some failures in a row kas
 * waits for its next interval.
 */
export class QuickRetries {
  #failures = 0;

  /**
   * Returns the pause after an activity with this status, in ms. `Infinity`: until the next interval.
   *
   * @param since how long ago kas last observed the fleet, in ms. Negative if the clock was set back since
   */
  pauseAfter(status: ActivityStatus, since: number): number {
    const rest = Math.max(0, SHORTEST_INTERVAL - Math.abs(since));
    if (status === "successful") this.#failures = 0;
    if (status !== "failed") return rest;
    const pause = backoff(this.#failures++);
    return pause < LONGEST_BACKOFF ? Math.max(rest, pause) : Infinity;
  }
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
