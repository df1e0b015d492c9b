/**
 * The sandbox's clock. Timestamps are real time; durations are sandbox time, which passes `speed` times faster.
 *
 * @module
 */

/** The clock that every wait of the sandbox uses, so that a test can replace it by one that it moves itself. */
export interface Clock {
  /** Returns the real time, ms since the epoch. */
  now(): number;
  /** How many times faster sandbox time passes than real time. */
  readonly speed: number;
  /** Calls back once after a duration, ms of sandbox time. */
  after(ms: number, callback: () => void): Disposable;
  /** Calls back at an interval, ms of sandbox time. */
  every(ms: number, callback: () => void): Disposable;
}

/** Returns a clock on the machine's time. Its timers keep the process alive until they are disposed of. */
export function realClock(speed = 1): Clock {
  return {
    now: () => Date.now(),
    speed,
    after: (ms, callback) => {
      const timer = setTimeout(callback, Math.max(0, ms / speed));
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
    every: (ms, callback) => {
      const timer = setInterval(callback, ms / speed);
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
  };
}
