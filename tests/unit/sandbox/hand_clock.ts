/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import type { Clock } from "../../../src/sandbox/clock.ts";

/** A clock that a test moves. */
export interface HandClock extends Clock {
  /** Advances the clock by ms of sandbox time. Calls the timers that fall due in order, each at its own time. */
  advance(ms: number): void;
  /** The remaining time of each timer, ms of sandbox time, shortest first. */
  readonly timers: readonly number[];
  /**
   * Resolves once a condition holds. It tests the condition after each change of the timers and each {@linkcode nudge},
   * once all pending tasks have run. It therefore misses states in between, as when one timer has gone off and the next
   * is not set yet.
   */
  until(condition: () => boolean): Promise<void>;
  /** Makes {@linkcode until} test its conditions again. */
  nudge(): void;
}

interface Timer {
  due: number;
  readonly every: number | undefined;
  readonly callback: () => void;
}

/** Returns a clock that starts at a real time, ms since the epoch. */
export function handClock(speed = 1, start: number = Date.UTC(2025, 8, 16, 16, 58)): HandClock {
  const timers = new Set<Timer>();
  const waiting = new Set<() => void>();
  let now = start;
  const nudge = () => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const add = (ms: number, callback: () => void, every?: number) => {
    const timer = { due: now + ms / speed, every, callback };
    timers.add(timer);
    nudge();
    return {
      [Symbol.dispose]: () => {
        timers.delete(timer);
        nudge();
      },
    };
  };
  const inOrder = () => [...timers].sort((a, b) => a.due - b.due);
  return {
    now: () => now,
    speed,
    after: (ms, callback) => add(ms, callback),
    every: (ms, callback) => add(ms, callback, ms / speed),
    get timers() {
      return inOrder().map(({ due }) => (due - now) * speed);
    },
    until: async (condition) => {
      for (;;) {
        const { promise: changed, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await new Promise((run) => setTimeout(run));
        if (condition()) return void waiting.delete(resolve);
        await changed;
      }
    },
    nudge,
    advance: (ms) => {
      const end = now + ms / speed;
      for (;;) {
        const [next] = inOrder();
        if (next === undefined || next.due > end) break;
        now = Math.max(now, next.due);
        if (next.every === undefined) timers.delete(next);
        else next.due += next.every;
        next.callback();
      }
      now = end;
      nudge();
    },
  };
}
