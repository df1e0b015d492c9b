/**
 * Parses the rows of a table, of TSV or of JSON, and masks the parts that differ between runs or that golden files do not contain.
 *
 * @module
 */
import { cellText, type Format } from "../../../src/cli/output.ts";

/** Columns of measured numbers, which differ between runs. */
const MEASURED = new Set(["MS", "RPS", "P50_MS", "P99_MS"]);

/** Columns of sentences. The tests of each command check these sentences. */
const SENTENCES = new Set(["REASON", "RECOMMENDATION"]);

/** Columns of sentences from which a golden file contains only the names. */
const DETAILS = new Set(["DETAIL"]);

const MASKED = MEASURED.union(SENTENCES).union(DETAILS);

/** Rows of a table: each cell as text, by the name of its column in lower case. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Returns the rows that a command printed in a format, or undefined if the command printed text without rows. */
export function tableIn(out: string, format: Format): Table | undefined {
  if (format === "json") return jsonTable(out);
  const [header = "", ...lines] = out.trimEnd().split("\n");
  const split = format === "tsv" ? (line: string) => line.split("\t") : tableCells(header);
  if (!isHeader(header, format)) return undefined;
  const [columns = [], ...rows] = [header, ...lines].map((line) => split(line).map((cell) => cell.trimEnd()));
  return { columns: columns.map((name) => name.toLowerCase()), rows };
}

/**
 * Returns a table or text for a golden file. `~` replaces a measured number, and `…` or the names in a sentence replace the
 * sentence.
 */
export function masked(out: string): string {
  const [header = "", ...lines] = out.split("\n");
  if (!isHeader(header, "table")) return out;
  const split = tableCells(header);
  const names = split(header).map((name) => name.trimEnd());
  const mask = (name: string, text: string) => {
    if (text === "-" || text === "" || text === name) return text;
    if (MEASURED.has(name)) return "~";
    if (SENTENCES.has(name)) return "…";
    return namesIn(text) || "…";
  };
  return [header, ...lines].map((line) =>
    split(line).map((cell, i) => {
      const name = names[i] ?? "";
      return MASKED.has(name) ? mask(name, cell.trimEnd()).padEnd(name.length + 2) : cell;
    }).join("").trimEnd()
  ).join("\n");
}

/** Masks the measured numbers in rows, so that a test can compare two runs. */
export function unmeasured({ columns, rows }: Table): Table {
  const mask = (cell: string, i: number) => MEASURED.has((columns[i] ?? "").toUpperCase()) ? "~" : cell;
  return { columns, rows: rows.map((cells) => cells.map(mask)) };
}

/** Returns a line of stderr for a golden file: only the instance ids, ARNs, addresses and options in the line. */
export function namesIn(line: string): string {
  const names =
    line.match(/\bi-[0-9a-f]+\b|\barn:\S+|https?:\/\/\S+|\b\d+(\.\d+){3}(:\d+)?|--[a-z][a-z-]*/g) ?? [];
  return names.map((name) => name.replace(/[,;:.)]+$/, "")).join(" ");
}

/** Returns whether a line is the header of a table, such as `NAME  DNS_NAME`, or of TSV, such as `name\tdns_name`. */
function isHeader(line: string, format: "table" | "tsv"): boolean {
  return format === "tsv"
    ? /^[a-z0-9_]+(\t[a-z0-9_]+)*$/.test(line)
    : /^[A-Z0-9_]+( +[A-Z0-9_]+)*$/.test(line);
}

/** Splits a line of a table at the positions at which the names in the header begin. */
function tableCells(header: string): (line: string) => string[] {
  const starts = Array.from(header.matchAll(/\S+/g), ({ index }) => index);
  return (line) => starts.map((start, i) => line.slice(start, starts[i + 1]));
}

function jsonTable(out: string): Table | undefined {
  const parsed: unknown = JSON.parse(out);
  if (!Array.isArray(parsed)) return undefined;
  const objects: readonly Readonly<Record<string, string | number | boolean | null>>[] = parsed;
  const columns = Object.keys(objects[0] ?? {});
  return { columns, rows: objects.map((object) => columns.map((name) => cellText(object[name]))) };
}
