/**
 * CloudWatch's timeline: the seconds of sandbox time since the service started. On this timeline, every period is a whole number
 * of seconds at any speed. API requests and responses contain real time.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** Converts between seconds of the CloudWatch timeline and real time. */
export interface Timeline {
  /** Returns the current second of the CloudWatch timeline. */
  now(): number;
  /** Converts a second of the CloudWatch timeline to a real time in ms since the epoch. */
  real(second: number): number;
  /** Converts a real time in ms since the epoch to a second of the CloudWatch timeline. */
  second(real: number): number;
  /**
   * Calls the callback at each multiple of `step` seconds and passes the multiple. If several multiples have passed since the
   * last call, calls the callback once, with the latest.
   */
  ticks(step: number, callback: (second: number) => void): Disposable;
}

/** Returns a timeline that starts at the time of the call. */
export function timeline(clock: Clock): Timeline {
  const start = clock.now();
  const real = (second: number) => start + (second * 1_000) / clock.speed;
  const second = (at: number) => ((at - start) / 1_000) * clock.speed;
  const now = () => second(clock.now());
  return {
    now,
    real,
    second,
    // Each tick sets the next timer from the current time, because a fixed interval would drift away from the multiples.
    ticks: (step, callback) => {
      let last = 0;
      let timer: Disposable;
      const wait = () => {
        timer = clock.after((last + step - now()) * 1_000, () => {
          // A tolerance is necessary, because at some speeds a second of sandbox time is not a whole number of ms.
          const passed = Math.floor(now() / step + 1e-6) * step;
          // A timer can fire up to 1 ms early.
          if (passed > last) callback(last = passed);
          wait();
        });
      };
      wait();
      return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
    },
  };
}
