/**
 * CloudWatch's time: seconds of sandbox time since it started, in which periods are whole numbers whatever the clock's
 * speed; and real time, which goes over the wire.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** Both times, and the way from one to the other. */
export interface Timeline {
  /** Seconds of sandbox time since the start. */
  now(): number;
  /** Real time, ms since the epoch, of a second. */
  real(second: number): number;
  /** The second of a real time, ms since the epoch. */
  second(real: number): number;
  /** Calls back at each multiple of `step` seconds with that multiple; once with the latest where several have passed. */
  ticks(step: number, callback: (second: number) => void): Disposable;
}

/** The timeline that starts now. */
export function timeline(clock: Clock): Timeline {
  const start = clock.now();
  const real = (second: number) => start + (second * 1_000) / clock.speed;
  const second = (at: number) => ((at - start) / 1_000) * clock.speed;
  const now = () => second(clock.now());
  return {
    now,
    real,
    second,
    // An interval would drift away from the multiples, so each tick is set from the time that it is.
    ticks: (step, callback) => {
      let last = 0;
      let timer: Disposable;
      const wait = () => {
        timer = clock.after((last + step - now()) * 1_000, () => {
          // A hair is added, as at some speeds a second's real time is no exact number.
          const passed = Math.floor(now() / step + 1e-6) * step;
          // A timer may be early by a millisecond.
          if (passed > last) callback(last = passed);
          wait();
        });
      };
      wait();
      return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
    },
  };
}
