/**
 * What a part of the bench finds: tables of figures, how they were had, and the goals they are held to. Plain JSON.
 *
 * @module
 */

/** A figure measured several times. */
export interface Measured {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How often it was measured. */
  readonly times: number;
}

/** What a table holds. */
export type Cell = string | number | Measured;

/** A table. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A goal, and what came of it. */
export interface Goal {
  readonly goal: string;
  readonly found: string;
  readonly met: boolean;
}

/** A panel of the chart: one bar for each who was measured. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly bars: readonly { readonly label: string; readonly value: number; readonly ours: boolean }[];
}

/** What a part found. */
export interface Result {
  readonly part: string;
  readonly title: string;
  /** What was measured and how, for one who would do it again. */
  readonly how: string;
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
  /** What to know when reading the figures: where kas loses, what was skipped and why. */
  readonly notes: readonly string[];
  readonly panels: readonly Panel[];
}

/** How thoroughly to measure. */
export interface Options {
  /** Few and short runs, to try the bench itself. */
  readonly quick: boolean;
}

/** A part of the bench. */
export interface Part {
  readonly name: string;
  /** Programs without which there is nothing to measure. */
  readonly needs: readonly string[];
  readonly run: (options: Options) => Promise<Result>;
}

/** A figure's median and spread. Throws RangeError where it was not measured at all. */
export function measured(values: readonly number[]): Measured {
  const low = Math.min(...values);
  if (!Number.isFinite(low)) throw new RangeError("nothing was measured");
  return { median: quantile(values, 0.5), low, high: Math.max(...values), times: values.length };
}

/** One's figures as shares of another's, turn by turn: the two of a turn were measured right after each other. */
export function share(ones: readonly number[], others: readonly number[]): Measured {
  return measured(ones.flatMap((one, n) => {
    const other = others[n];
    return other === undefined ? [] : [one / other];
  }));
}

/** A quantile of some values, by the nearest rank. NaN where there are none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}
