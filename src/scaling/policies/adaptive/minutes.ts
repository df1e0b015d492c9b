/**
 * The demand of the last week, as a value for each minute.
 *
 * @module
 */

/** The length of a minute in ms. */
export const MINUTE = 60_000;

/** How many minutes are kept: a week, and the time that the forecast `week` needs before kas follows it. */
export const KEPT = (7 * 24 + 3) * 60;

/** A minute that has a sample: when it ends, in ms since the epoch, and the highest demand. */
export interface MinuteOfDemand {
  readonly end: number;
  readonly demand: number;
}

/** The demand of the last week. A minute without a sample has no demand. */
export class Minutes {
  /**
   * The highest demand of each minute, NaN without a sample. The place of a minute is its number since the epoch, modulo the length.
   * 40 kB instead of 1 MB for a list of objects.
   */
  readonly #demand = new Float32Array(KEPT).fill(NaN);
  /** The first and the last minute that may have a sample, as numbers since the epoch. */
  #first = 0;
  #last = -1;

  /** Returns the demand of the last week from its values, one a minute from the first minute on. */
  static from(first: number, demand: Float32Array): Minutes {
    const minutes = new Minutes();
    minutes.#first = first;
    minutes.#last = first + demand.length - 1;
    demand.forEach((it, i) => minutes.#demand[(first + i) % KEPT] = it);
    return minutes;
  }

  /** Returns the number of the first minute since the epoch, and the demand of each minute from there on. */
  dense(): { readonly first: number; readonly demand: Float32Array } {
    const demand = new Float32Array(Math.max(0, this.#last - this.#first + 1));
    for (let i = 0; i < demand.length; i++) demand[i] = this.#demand[(this.#first + i) % KEPT] ?? NaN;
    return { first: this.#first, demand };
  }

  /** When the first kept minute ended, in ms since the epoch. Undefined without a sample. */
  get first(): number | undefined {
    return this.#first > this.#last ? undefined : this.#first * MINUTE;
  }

  /** Adds the demand of a period. Periods arrive in the order of their ends. */
  add(end: number, demand: number): void {
    const minute = minuteOf(end);
    if (this.first === undefined) this.#first = minute;
    this.#first = Math.max(this.#first, minute - KEPT + 1);
    for (let it = Math.max(this.#last + 1, this.#first); it <= minute; it++) this.#demand[it % KEPT] = NaN;
    this.#last = minute;
    const before = this.#demand[minute % KEPT] ?? NaN;
    if (!(before >= demand)) this.#demand[minute % KEPT] = demand;
  }

  /** Returns the highest demand of the minutes from `from` to `to`, in ms since the epoch. Undefined without a sample. */
  highest(from: number, to: number): number | undefined {
    const first = Math.max(minuteOf(from), this.#first);
    const last = Math.min(minuteOf(to), this.#last);
    let highest: number | undefined;
    for (let it = first; it <= last; it++) {
      const demand = this.#demand[it % KEPT] ?? NaN;
      if (demand >= (highest ?? 0)) highest = demand;
    }
    return highest;
  }

  /** Forgets the minutes that end after a time, in ms since the epoch. */
  forgetAfter(time: number): void {
    this.#last = Math.min(this.#last, Math.floor(time / MINUTE));
  }

  /** Yields the minutes that have a sample and end after a time. The oldest minute comes first. */
  *since(time: number): Generator<MinuteOfDemand> {
    for (let it = Math.max(this.#first, Math.floor(time / MINUTE) + 1); it <= this.#last; it++) {
      const demand = this.#demand[it % KEPT] ?? NaN;
      if (demand >= 0) yield { end: it * MINUTE, demand };
    }
  }
}

/** Returns the number of the minute in which a time lies. A period that ends at 1:00 lies in the minute that ends at 1:00. */
function minuteOf(time: number): number {
  return Math.ceil(time / MINUTE);
}
