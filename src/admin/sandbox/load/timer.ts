/**
 * The timer of the load clients. Tests pass their own timer.
 *
 * @module
 */

/** A clock with a function that waits. */
export interface Timer {
  /** Returns the time in ms. */
  now(): number;
  /** Waits until `ms` have passed or the signal aborts. Does not reject. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The timer of real time. */
export const realTimer: Timer = {
  now: () => performance.now(),
  wait: (ms, signal) => {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    return promise;
  },
};
