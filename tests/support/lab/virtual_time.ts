/**
 * The virtual time of a lab, which the clocks of the sandbox and of the autoscaler use. It does not pass while code
 * runs. When all code waits, it jumps to the next timer, so that an hour passes in milliseconds.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock as SandboxClock } from "../../../src/sandbox/clock.ts";

/** A timer that is set. */
interface Timer {
  due: number;
  /** If two timers are due at the same time, the timer that was set first has the lower order and runs first. */
  readonly order: number;
  readonly every: number | undefined;
  readonly callback: () => void;
}

/** After this many turns of the event loop in which nothing new begins, all code waits for time to pass. */
const QUIET_TURNS = 3;

/** If more turns of the event loop are needed, the code is in an endless loop. */
const MOST_TURNS = 200_000;

/** If more timers are due at one moment, the code is in an endless loop. */
const MOST_AT_ONCE = 20_000;

/** Time that passes only in {@linkcode VirtualTime.pass}. */
export class VirtualTime {
  /** The time at which virtual time starts, in ms since the epoch. */
  readonly start: number;
  readonly #timers: Timer[] = [];
  #passed = 0;
  #order = 0;
  #activity = 0;

  constructor(start: number) {
    this.start = start;
  }

  /** The current time in ms since the epoch, a whole number as on a real machine. */
  now(): number {
    return Math.floor(this.start + this.#passed);
  }

  /** The time since the start, in ms. */
  get passed(): number {
    return this.#passed;
  }

  /** The sandbox's clock. */
  readonly clock: SandboxClock = {
    now: () => this.now(),
    speed: 1,
    after: (ms, callback) => this.after(ms, callback),
    every: (ms, callback) => this.#add(ms, callback, ms),
  };

  /** Calls the callback once after this many ms. */
  after(ms: number, callback: () => void): Disposable {
    return this.#add(ms, callback, undefined);
  }

  /** Reports that code has begun to run that may set timers or end waits. */
  stir(): void {
    this.#activity++;
  }

  /**
   * Lets this many ms pass. Calls the timers that become due in order, each at its time. After each timer, time stands
   * still until the code that the timer started waits again.
   */
  async pass(ms: number): Promise<void> {
    const end = this.#passed + ms;
    await this.settle();
    for (let atOnce = 0;;) {
      const next = this.#timers[0];
      if (next === undefined || next.due > end) break;
      atOnce = next.due > this.#passed ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE) throw new Error("Time does not pass: endless timers at one moment");
      this.#timers.shift();
      this.#passed = Math.max(this.#passed, next.due);
      if (next.every !== undefined) {
        next.due += next.every;
        this.#insert(next);
      }
      this.stir();
      next.callback();
      await this.settle();
    }
    this.#passed = end;
  }

  /** Resolves when all code waits for time to pass. */
  async settle(): Promise<void> {
    let quiet = 0;
    for (let turns = 0; quiet < QUIET_TURNS; turns++) {
      if (turns > MOST_TURNS) throw new Error("The event loop does not become idle");
      const before = this.#activity;
      await new Promise<void>((resolve) => setImmediate(resolve));
      quiet = this.#activity === before ? quiet + 1 : 0;
    }
  }

  #add(ms: number, callback: () => void, every: number | undefined): Disposable {
    const timer = { due: this.#passed + Math.max(0, ms), order: this.#order++, every, callback };
    this.#insert(timer);
    return {
      [Symbol.dispose]: () => {
        const at = this.#timers.indexOf(timer);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }

  #insert(timer: Timer): void {
    this.stir();
    const later = this.#timers.findIndex(({ due, order }) =>
      due > timer.due || (due === timer.due && order > timer.order)
    );
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
  }
}
