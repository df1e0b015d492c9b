/**
 * CloudWatch's timeline: seconds of sandbox time since its start. On it, periods are whole numbers at any speed.
 * Requests and responses carry real time.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** Converts between the timeline and real time. */
export interface Timeline {
  /** Returns the current second of the timeline. */
  now(): number;
  /** Converts a second of the timeline to real time, ms since the epoch. */
  real(second: number): number;
  /** Converts a real time, ms since the epoch, to a second of the timeline. */
  second(real: number): number;
  /**
   * Calls back at each multiple of `step` seconds with that multiple. If several have passed, it calls back once with
   * the latest.
   */
  ticks(step: number, callback: (second: number) => void): Disposable;
}

/** Returns a timeline that starts now. */
export function timeline(clock: Clock): Timeline {
  const start = clock.now();
  const real = (second: number) => start + (second * 1_000) / clock.speed;
  const second = (at: number) => ((at - start) / 1_000) * clock.speed;
  const now = () => second(clock.now());
  return {
    now,
    real,
    second,
    // An interval would drift away from the multiples, so each tick sets the next timer from the current time.
    ticks: (step, callback) => {
      let last = 0;
      let timer: Disposable;
      const wait = () => {
        timer = clock.after((last + step - now()) * 1_000, () => {
          // The tolerance is for speeds at which a second is not a whole number of ms.
          const passed = Math.floor(now() / step + 1e-6) * step;
          // A timer may fire a millisecond early.
          if (passed > last) callback(last = passed);
          wait();
        });
      };
      wait();
      return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
    },
  };
}
