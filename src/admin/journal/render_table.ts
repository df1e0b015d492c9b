/**
 * Renders rows as an indented table.
 *
 * @module
 */
import { columnWidths, rowLines } from "../../cli/table.ts";

/** Returns a table as lines. The header contains the keys of the first row. Without rows, returns no lines. */
export function renderTable(rows: readonly Readonly<Record<string, string>>[]): string[] {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return [];
  const cells = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name) => row[name] ?? "-")),
  ];
  const widths = columnWidths(cells);
  return cells.flatMap((row) => rowLines(row, widths, false)).map((line) => `  ${line}`);
}
