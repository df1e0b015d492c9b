/**
 * The result of a part as plain JSON: tables of figures, how the figures were measured, and goals for the figures.
 *
 * @module
 */

/** A figure that was measured several times. */
export interface Measured {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How many times the figure was measured. */
  readonly times: number;
}

/** A cell of a table. */
export type Cell = string | number | Measured;

/** A table. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A goal, and the figure that was measured. */
export interface Goal {
  readonly goal: string;
  readonly found: string;
  readonly met: boolean;
}

/** A panel of the chart, with one bar for each candidate. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly bars: readonly { readonly label: string; readonly value: number; readonly ours: boolean }[];
}

/** The result of a part. */
export interface Result {
  readonly part: string;
  readonly title: string;
  /** What was measured and how, in enough detail to repeat it. */
  readonly how: string;
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
  /** Notes on the figures: where kas loses, what was skipped and why. */
  readonly notes: readonly string[];
  readonly panels: readonly Panel[];
}

/** How much to measure. */
export interface Options {
  /** Whether to make only few and short runs, to test the bench itself. */
  readonly quick: boolean;
}

/** A part of the bench. */
export interface Part {
  readonly name: string;
  /** Programs that the part needs. */
  readonly needs: readonly string[];
  readonly run: (options: Options) => Promise<Result>;
}

/** Returns the median and the range of some values. Throws RangeError if there are no values. */
export function measured(values: readonly number[]): Measured {
  const low = Math.min(...values);
  if (!Number.isFinite(low)) throw new RangeError("there are no values");
  return { median: quantile(values, 0.5), low, high: Math.max(...values), times: values.length };
}

/**
 * Returns the figures of one candidate divided by those of another, turn by turn. The two figures of a turn were
 * measured right after each other.
 */
export function share(ones: readonly number[], others: readonly number[]): Measured {
  return measured(ones.flatMap((one, n) => {
    const other = others[n];
    return other === undefined ? [] : [one / other];
  }));
}

/** Returns a quantile of some values, by the nearest rank. Returns NaN if there are no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}
