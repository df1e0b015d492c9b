/**
 * Reproducible random choices: the same seed makes the same choices.
 *
 * @module
 */
import { seededRandom } from "../../../src/sandbox/random.ts";

/** A random number generator with the choices that mutations need. */
export class Random {
  /** 0 ≤ n < 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** One of the elements. */
  of<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new RangeError("Cannot choose from nothing");
    return one;
  }

  /** The elements in a random order. */
  shuffled<T>(all: readonly T[]): T[] {
    return all.map((value) => [this.next(), value] as const).toSorted(([a], [b]) => a - b).map(([, value]) =>
      value
    );
  }

  /** Random hexadecimal digits. */
  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.below(16).toString(16)).join("");
  }
}
