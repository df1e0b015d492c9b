/**
 * A clock for the sandbox that stands still until a test moves it.
 *
 * @module
 */
import type { Clock } from "../../src/sandbox/service.ts";

/** A clock moved by hand. */
export interface HandClock extends Clock {
  /** Lets sandbox time (ms) pass: what falls due on the way is called in order, each at its time. */
  advance(ms: number): void;
  /** Timers that are set. */
  readonly pending: number;
}

interface Timer {
  due: number;
  readonly every: number | undefined;
  readonly callback: () => void;
}

/** A clock that begins at a real time, ms since the epoch. */
export function handClock(speed = 1, start: number = Date.UTC(2025, 8, 16, 16, 58)): HandClock {
  const timers = new Set<Timer>();
  let now = start;
  const add = (ms: number, callback: () => void, every?: number) => {
    const timer = { due: now + ms / speed, every, callback };
    timers.add(timer);
    return { [Symbol.dispose]: () => void timers.delete(timer) };
  };
  return {
    now: () => now,
    speed,
    after: (ms, callback) => add(ms, callback),
    every: (ms, callback) => add(ms, callback, ms / speed),
    get pending() {
      return timers.size;
    },
    advance: (ms) => {
      const end = now + ms / speed;
      for (;;) {
        const next = [...timers].sort((a, b) => a.due - b.due)[0];
        if (next === undefined || next.due > end) break;
        now = Math.max(now, next.due);
        if (next.every === undefined) timers.delete(next);
        else next.due += next.every;
        next.callback();
      }
      now = end;
    },
  };
}
