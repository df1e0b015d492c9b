/**
 * A clock for the sandbox that stands still until a test moves it.
 *
 * @module
 */
import type { Clock } from "../../../src/sandbox/clock.ts";

/** A clock moved by hand. */
export interface HandClock extends Clock {
  /** Lets sandbox time (ms) pass: what falls due on the way is called in order, each at its time. */
  advance(ms: number): void;
  /** How long each timer that is set still has, in ms of sandbox time, the next first. */
  readonly timers: readonly number[];
  /**
   * Resolves once a condition holds. It is asked again after each change of the timers and each {@linkcode nudge}, when all
   * that was ready to run has run: so it does not hold in between, as when one timer is gone and the next about to be set.
   */
  until(condition: () => boolean): Promise<void>;
  /** Has the conditions asked again. */
  nudge(): void;
}

interface Timer {
  due: number;
  readonly every: number | undefined;
  readonly callback: () => void;
}

/** A clock that begins at a real time, ms since the epoch. */
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
