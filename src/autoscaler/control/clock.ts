/**
 * Waiting for the world to come to a state: looks again and again, at once and then less and less often, never longer
 * than to a deadline, and never sleeps a fixed time (R17).
 *
 * @module
 */

/**
 * Time as the autoscaler takes it. A machine's time of day may be set forwards and back, so that it is for what is written
 * down; how long something takes or may take is told by a clock that nobody sets.
 */
export interface Clock {
  /** The time of day, ms since the epoch. */
  now(): number;
  /** ms since some moment in this process's life; never set. */
  elapsed(): number;
  /** Resolves after a time (ms); rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const realClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const end = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", end);
        resolve();
      }, ms);
      signal.addEventListener("abort", end, { once: true });
    }),
};

/** The longest pause before another attempt, ms: so long may AWS be back before it is noticed. */
export const LONGEST_BACKOFF = 10_000;

/** The pause before another attempt at what has failed so many times before, ms: twice as long each time. */
export function backoff(attempts: number): number {
  return Math.min(LONGEST_BACKOFF, 250 * 2 ** attempts);
}

/** What did not come to pass in time. `cause` is the last error, if looking itself failed to the end. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** How to wait. Times are ms. */
export interface WaitOptions {
  /** What is waited for, for the error's words: "i-1 running". */
  readonly what: string;
  /** The longest time. */
  readonly timeout: number;
  /** The longest time between two looks. The first is taken at once, the second after 50 ms. */
  readonly pace: number;
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Errors of a look that end the wait; any other is taken for a passing one. */
  readonly fatal: (error: unknown) => boolean;
}

/**
 * Looks until there is something to see, and returns it.
 *
 * @throws {DeadlineError} if nothing is seen in time
 */
export async function until<T>(look: () => Promise<T | undefined>, wait: WaitOptions): Promise<T> {
  const { clock, signal } = wait;
  const deadline = clock.elapsed() + wait.timeout;
  let pause = Math.min(50, wait.pace);
  while (true) {
    let cause: unknown;
    signal.throwIfAborted();
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
    } catch (error) {
      signal.throwIfAborted();
      if (wait.fatal(error)) throw error;
      cause = error;
    }
    const left = deadline - clock.elapsed();
    if (left <= 0) {
      const seconds = Math.round(wait.timeout / 100) / 10;
      throw new DeadlineError(`Waited ${seconds} s in vain for ${wait.what}`, { cause });
    }
    // The last look is taken at the deadline, not before it.
    await clock.sleep(Math.min(pause * (0.9 + Math.random() * 0.2), left), signal);
    pause = Math.min(pause * 1.5, wait.pace);
  }
}
