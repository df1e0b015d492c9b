/**
 * Layout of tables: column widths and wrapped rows.
 *
 * @module
 */
import { displayWidth, wrap } from "./text.ts";

/** The space between two columns. */
const GAP = "  ";

/** Minimum width of a column whose cells wrap, in columns of the terminal. */
const MIN_WIDTH = 20;

/**
 * Returns the widths of a table's columns. If the table is wider than `within`, the widest columns become narrower. A column is
 * never narrower than its longest word, so that an id or a URL is on one line. If the table still does not fit, all columns keep
 * their full width.
 */
export function columnWidths(rows: readonly (readonly string[])[], within = Infinity): number[] {
  const count = Math.max(0, ...rows.map(({ length }) => length));
  const widest = (measure: (cell: string) => number) =>
    Array.from(
      { length: count },
      (_, i) => rows.reduce((most, cells) => Math.max(most, measure(cells[i] ?? "")), 0),
    );
  const natural = widest(displayWidth);
  const longestWords = widest((cell) => Math.max(...cell.split(" ").map(displayWidth)));
  const least = natural.map((width, i) => Math.max(longestWords[i] ?? 0, Math.min(width, MIN_WIDTH)));

  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (count - 1) - within;
  while (excess > 0) {
    const [widest] = widths.keys().filter((i) => (widths[i] ?? 0) > (least[i] ?? 0)).toArray()
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) return natural;
    const narrowed = Math.max(least[widest] ?? 0, (widths[widest] ?? 0) - excess);
    excess -= (widths[widest] ?? 0) - narrowed;
    widths[widest] = narrowed;
  }
  return widths;
}

/** The columns that a table shows, by index, and their widths. */
export interface Layout {
  readonly places: readonly number[];
  readonly widths: readonly number[];
}

/**
 * Lays out a table in a width of `within` columns of the terminal. The layout omits the columns in `spare`, the first one first,
 * until the other columns fit.
 */
export function layOut(
  rows: readonly (readonly string[])[],
  within: number,
  spare: readonly number[],
): Layout {
  const without = (left: readonly number[]): Layout => {
    const places = [...(rows[0] ?? []).keys()].filter((i) => !left.includes(i));
    return { places, widths: columnWidths(rows.map((cells) => places.map((i) => cells[i] ?? "")), within) };
  };
  for (let n = 0; n < spare.length; n++) {
    const layout = without(spare.slice(0, n));
    const gaps = GAP.length * (layout.widths.length - 1);
    if (layout.widths.reduce((sum, width) => sum + width, gaps) <= within) return layout;
  }
  return without(spare);
}

/** Returns the lines of a row. If `wraps` is true, a cell that is wider than its column continues on the next line. */
export function rowLines(cells: readonly string[], widths: readonly number[], wraps: boolean): string[] {
  const parts = cells.map((cell, i) => wraps ? wrap(cell, widths[i] ?? Infinity) : [cell]);
  const height = Math.max(1, ...parts.map(({ length }) => length));
  return Array.from({ length: height }, (_, y) => line(parts.map((part) => part[y] ?? ""), widths));
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => cell + " ".repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(cell))))
    .join(GAP).trimEnd();
}
