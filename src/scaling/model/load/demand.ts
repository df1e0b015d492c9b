/**
 * The demand of a fleet, minute by minute, from the CPU of its instances.
 *
 * @module
 */

/** The demand at a time. */
export interface DemandRow {
  /** The time in seconds since the epoch. */
  readonly at: number;
  /** How many instances the load would keep at 100 %. */
  readonly value: number;
  /** How many instances had a datapoint. */
  readonly instances: number;
}

/** Ms in a minute. */
export const MINUTE = 60_000;

/** The mean CPU above which instances hide demand, in percent. A saturated instance shows a little less than 100 %. */
const SATURATED = 96;

/** Adds up the CPU of instances. */
export class Demand {
  readonly #from: number;
  readonly #busy: Float64Array;
  readonly #instances: Uint32Array;

  /**
   * @param from the beginning of the first minute, in ms since the epoch
   * @param minutes how many minutes there are
   */
  constructor(from: number, minutes: number) {
    this.#from = from;
    this.#busy = new Float64Array(minutes);
    this.#instances = new Uint32Array(minutes);
  }

  /**
   * Adds a datapoint of an instance.
   *
   * @param at the beginning of the period, in ms since the epoch
   * @param minutes how long the period is
   */
  add(at: number, percent: number, minutes: number): void {
    if (!Number.isFinite(percent) || percent < 0) return;
    const first = Math.floor((at - this.#from) / MINUTE);
    for (let i = Math.max(0, first); i < Math.min(first + minutes, this.#busy.length); i++) {
      this.#busy[i] = (this.#busy[i] ?? 0) + percent / 100;
      this.#instances[i] = (this.#instances[i] ?? 0) + 1;
    }
  }

  /** Returns the demand of the minutes that have datapoints. */
  rows(): DemandRow[] {
    return Array.from(this.#busy).flatMap((value, i) =>
      this.#instances[i] === 0
        ? []
        : [{ at: (this.#from + i * MINUTE) / 1_000, value, instances: this.#instances[i] ?? 0 }]
    );
  }

  /** The number of minutes without a datapoint since the first minute that has one. */
  get missing(): number {
    const first = this.#instances.findIndex((count) => count > 0);
    return first < 0 ? 0 : this.#instances.subarray(first).filter((count) => count === 0).length;
  }

  /** The number of minutes in which the instances were saturated on average. */
  get saturated(): number {
    return this.#instances.filter((count, i) => count > 0 && 100 * (this.#busy[i] ?? 0) >= SATURATED * count)
      .length;
  }
}
