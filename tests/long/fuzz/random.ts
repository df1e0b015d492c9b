/**
 * Chance that can be had again: the same seed makes the same choices.
 *
 * @module
 */
import { seededRandom } from "../../../src/sandbox/random.ts";

/** A die with what the mutators ask of one. */
export class Random {
  /** 0 ≤ n < 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** A whole number below n. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** One of them. */
  of<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new RangeError("Cannot choose from nothing");
    return one;
  }

  /** In another order. */
  shuffled<T>(all: readonly T[]): T[] {
    return all.map((value) => [this.next(), value] as const).toSorted(([a], [b]) => a - b).map(([, value]) =>
      value
    );
  }

  /** So many hexadecimal digits. */
  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.below(16).toString(16)).join("");
  }
}
