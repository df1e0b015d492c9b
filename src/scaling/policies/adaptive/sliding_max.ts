/**
 * The highest value of the last time.
 *
 * @module
 */

/** The highest of the values that are younger than a span. Values arrive in the order of their times. */
export class SlidingMax {
  readonly #span: number;
  /** The times in ms of the values that are, or may become, the highest. The values decrease from the first to the last. */
  readonly #times: number[] = [];
  readonly #values: number[] = [];

  /** @param span in ms */
  constructor(span: number) {
    this.#span = span;
  }

  /** The highest value. 0 before the first value. */
  get highest(): number {
    return this.#values[0] ?? 0;
  }

  /** Adds a value. The span then ends at its time. */
  add(at: number, value: number): void {
    const times = this.#times;
    const values = this.#values;
    while (values.length > 0 && (values.at(-1) ?? 0) <= value) {
      values.pop();
      times.pop();
    }
    values.push(value);
    times.push(at);
    while ((times[0] ?? at) <= at - this.#span) {
      values.shift();
      times.shift();
    }
  }
}
