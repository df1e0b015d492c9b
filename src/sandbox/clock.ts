/**
 * The sandbox's clock. Timestamps are in real time. Durations are in sandbox time, which runs `speed` times as fast as real time.
 *
 * @module
 */

/** The clock that every wait of the sandbox uses. A test can use a clock whose time the test controls. */
export interface Clock {
  /** Returns the real time in ms since the epoch. */
  now(): number;
  /** How many times as fast as real time the sandbox time runs. */
  readonly speed: number;
  /** Calls the callback once, after a duration in ms of sandbox time. */
  after(ms: number, callback: () => void): Disposable;
  /** Calls the callback repeatedly, at an interval in ms of sandbox time. */
  every(ms: number, callback: () => void): Disposable;
}

/** Returns a clock that uses the host's time. Its timers keep the process alive until their disposal. */
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
