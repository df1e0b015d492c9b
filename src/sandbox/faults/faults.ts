/**
 * The faults that the sandbox can inject, at random or on demand. They can change while it runs.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { FaultState } from "./state.ts";
import { setFault } from "./syntax.ts";

/** Faults that occur at random, each with a probability. */
export type RandomFault = "throttle" | "errors" | "cut" | "wedge" | "snsDuplicates" | "snsLoss";

/** A call before it takes effect, or after that and before its response. */
export interface CallEvent {
  readonly service: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly moment: "before" | "after";
}

/** The faults in effect, and their random numbers. A new instance has no faults. */
export class Faults extends FaultState {
  /** Called for each call, which waits for it. Tests use it to act at an exact moment. */
  onCall: ((event: CallEvent) => void | Promise<void>) | undefined;
  readonly #random: Readonly<Record<RandomFault | "readLag" | "firstCheck", () => number>>;

  /**
   * Each random fault has its own sequence of random numbers, so that one fault does not change when another occurs.
   *
   * @param seed 1 by default
   * @param clock the clock of faults that end by themselves
   */
  constructor(seed?: number, clock?: Pick<Clock, "now" | "speed">) {
    super(clock);
    const first = seed ?? 1;
    this.#random = {
      throttle: seededRandom(first),
      errors: seededRandom(first + 0x1b873593),
      cut: seededRandom(first + 0xcc9e2d51),
      wedge: seededRandom(first + 0xe6546b64),
      snsDuplicates: seededRandom(first + 0x9e3779b9),
      snsLoss: seededRandom(first + 0x3c6ef372),
      readLag: seededRandom(first + 0x85ebca6b),
      firstCheck: seededRandom(first + 0xc2b2ae35),
    };
  }

  /** Decides at random whether a fault occurs this time. */
  occurs(kind: RandomFault): boolean {
    return this[kind] > 0 && this.#random[kind]() < this[kind];
  }

  /** Returns the age of what the next read returns, real ms. */
  readAge(): number {
    return this.staleReads + (this.readLag === 0 ? 0 : this.readLag * this.#random.readLag());
  }

  /** Returns the time until the first health check of a registration, as a share of the interval. */
  firstCheckShare(): number {
    return this.lateFirstCheck ? this.#random.firstCheck() : 0;
  }

  /** Adds or changes a fault, given as `throttle=0.2` or `no-capacity=i-1`. Throws TypeError on an invalid fault. */
  set(text: string): void {
    setFault(this, text);
  }

  override clear(): void {
    super.clear();
    this.onCall = undefined;
  }
}
