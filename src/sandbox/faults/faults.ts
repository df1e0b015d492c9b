/**
 * The faults that the sandbox can inject, at random or permanently. A client can change the faults while the sandbox runs.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { FaultState } from "./state.ts";
import { setFault } from "./syntax.ts";

/** Names of the faults that occur at random, each with its own probability. */
export type RandomFault =
  | "throttle"
  | "errors"
  | "cut"
  | "wedge"
  | "snsDuplicates"
  | "snsLoss"
  | "lostScrapes";

/** An API call, either before the action runs or after the action has run and before the sandbox sends the response. */
export interface CallEvent {
  readonly service: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly moment: "before" | "after";
}

/** The faults in effect, and their random numbers. A new instance of the class injects no faults. */
export class Faults extends FaultState {
  /** Callback that runs for each API call. The call waits until the callback returns. With the callback, a test can act at an exact moment. */
  onCall: ((event: CallEvent) => void | Promise<void>) | undefined;
  readonly #random: Readonly<Record<RandomFault | "readLag" | "firstCheck" | "boot", () => number>>;

  /**
   * Each random fault has its own sequence of random numbers, so that enabling one fault does not change when other faults occur.
   *
   * @param seed seed of the random numbers. Default: 1
   * @param clock clock for faults that end after a time
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
      lostScrapes: seededRandom(first + 0x165667b1),
      readLag: seededRandom(first + 0x85ebca6b),
      firstCheck: seededRandom(first + 0xc2b2ae35),
      boot: seededRandom(first + 0x27d4eb2f),
    };
  }

  /** Decides at random whether a fault occurs for one call. */
  occurs(kind: RandomFault): boolean {
    return this[kind] > 0 && this.#random[kind]() < this[kind];
  }

  /** Returns the age of the data that the next stale read returns, in ms of real time. */
  readAge(): number {
    const lag = this.readLag === 0 ? 0 : this.readLag * this.#random.readLag();
    return this.staleReads + lag / this.clock.speed;
  }

  /** Returns the time until the first health check after a registration, as a share of the check interval. */
  firstCheckShare(): number {
    return this.lateFirstCheck ? this.#random.firstCheck() : 0;
  }

  /** Returns how long the next boot takes: a random time between the two, in ms of sandbox time. */
  bootTime([shortest, longest]: readonly [number, number]): number {
    return shortest === longest ? shortest : shortest + (longest - shortest) * this.#random.boot();
  }

  /** Adds or changes a fault, such as `throttle=0.2` or `no-capacity=i-1`. Throws TypeError for an invalid fault. */
  set(text: string): void {
    setFault(this, text);
  }

  override clear(): void {
    super.clear();
    this.onCall = undefined;
  }
}
