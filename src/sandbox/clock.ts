/**
 * The sandbox's real clock: the machine's time, with durations that pass faster by the speed.
 *
 * @module
 */
import type { Clock } from "./wire/service.ts";

/** A clock on the machine's time. Its timers keep the process alive until they are disposed of. */
export function realClock(speed = 1): Clock {
  return {
    now: () => Date.now(),
    speed,
    after: (ms, callback) => {
      // What should have been by now is due at once.
      const timer = setTimeout(callback, Math.max(0, ms / speed));
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
    every: (ms, callback) => {
      const timer = setInterval(callback, ms / speed);
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
  };
}
