/**
 * Reads the rows back out of what a command printed as a table, as TSV or as JSON, and masks what a golden file does not hold.
 *
 * @module
 */
import { cellText, type Format } from "../../../src/cli/output.ts";

/** Columns of measured numbers: they differ from run to run. */
const MEASURED = new Set(["MS", "RPS", "P50_MS", "P99_MS"]);

/** Columns of sentences. Tests of the commands that write them hold what they say. */
const SENTENCES = new Set(["REASON", "RECOMMENDATION"]);

/** Columns of sentences of which a golden file holds the names. */
const DETAILS = new Set(["DETAIL"]);

const MASKED = MEASURED.union(SENTENCES).union(DETAILS);

/** Rows as text, under columns in lower case. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The rows that a command printed in a format; undefined if it printed a text instead. */
export function tableIn(out: string, format: Format): Table | undefined {
  if (format === "json") return jsonTable(out);
  const [header = "", ...lines] = out.trimEnd().split("\n");
  const split = format === "tsv" ? (line: string) => line.split("\t") : tableCells(header);
  if (!isHeader(header, format)) return undefined;
  const [columns = [], ...rows] = [header, ...lines].map((line) => split(line).map((cell) => cell.trimEnd()));
  return { columns: columns.map((name) => name.toLowerCase()), rows };
}

/** A table or text as a golden file holds it: `~` for a measured number, `…` or the names in it for a sentence. */
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

/** Masks measured numbers in rows, so that runs can be compared. */
export function unmeasured({ columns, rows }: Table): Table {
  const mask = (cell: string, i: number) => MEASURED.has((columns[i] ?? "").toUpperCase()) ? "~" : cell;
  return { columns, rows: rows.map((cells) => cells.map(mask)) };
}

/** A line of stderr as a golden file holds it: the instances, ARNs, addresses and options that it names. */
export function namesIn(line: string): string {
  const names =
    line.match(/\bi-[0-9a-f]+\b|\barn:\S+|https?:\/\/\S+|\b\d+(\.\d+){3}(:\d+)?|--[a-z][a-z-]*/g) ?? [];
  return names.map((name) => name.replace(/[,;:.)]+$/, "")).join(" ");
}

/** `NAME  DNS_NAME` of a table, `name\tdns_name` of TSV. */
function isHeader(line: string, format: "table" | "tsv"): boolean {
  return format === "tsv"
    ? /^[a-z0-9_]+(\t[a-z0-9_]+)*$/.test(line)
    : /^[A-Z0-9_]+( +[A-Z0-9_]+)*$/.test(line);
}

/** Cuts a line of a table at the places where its header's names begin. */
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
