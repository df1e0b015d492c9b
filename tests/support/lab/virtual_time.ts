/**
 * One time for everybody: the sandbox's clock, the autoscaler's, and the timers that the SDK and fetch's time limits set. It
 * stands still while anything is at work and then leaps to the next timer, so that an hour passes in milliseconds.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock as SandboxClock } from "../../../src/sandbox/clock.ts";

/** A timer that is set. */
interface Timer {
  due: number;
  /** Of two that fall due at once the one that was set first comes first. */
  readonly order: number;
  readonly every: number | undefined;
  readonly callback: () => void;
}

/** How often the event loop must come round with nothing new before all is taken to be waiting for time to pass. */
const QUIET_TURNS = 3;

/** Turns of the event loop without an end are a loop that waits for nothing. */
const MOST_TURNS = 200_000;

/** Timers of one moment without an end are a loop that waits for no time to pass. */
const MOST_AT_ONCE = 20_000;

/** Time that passes when it is told to. */
export class VirtualTime {
  /** ms since the epoch. */
  readonly start: number;
  readonly #timers: Timer[] = [];
  #passed = 0;
  #order = 0;
  #activity = 0;

  constructor(start: number) {
    this.start = start;
  }

  /** ms since the epoch, a whole number as a machine tells it. */
  now(): number {
    return Math.floor(this.start + this.#passed);
  }

  /** ms since the start. */
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

  /** Calls back once so many ms have passed. */
  after(ms: number, callback: () => void): Disposable {
    return this.#add(ms, callback, undefined);
  }

  /** Something has begun that may set timers or end waits. */
  stir(): void {
    this.#activity++;
  }

  /** Lets so many ms pass: what falls due on the way is called in order, each at its time, and may do all it has to. */
  async pass(ms: number): Promise<void> {
    const end = this.#passed + ms;
    await this.settle();
    for (let atOnce = 0;;) {
      const next = this.#timers[0];
      if (next === undefined || next.due > end) break;
      atOnce = next.due > this.#passed ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE) throw new Error("Time does not pass: something goes round without waiting");
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

  /** Resolves once everything waits for time to pass. */
  async settle(): Promise<void> {
    let quiet = 0;
    for (let turns = 0; quiet < QUIET_TURNS; turns++) {
      if (turns > MOST_TURNS) throw new Error("Nothing comes to rest");
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
