/**
 * Reads a load from CSV rows of `seconds,value` or `timestamp,value`. A header is optional.
 *
 * @module
 */

/** A value of a load, which applies until the next one. */
export interface LoadRow {
  /** The time in seconds: since any moment, or since the epoch. */
  readonly at: number;
  readonly value: number;
}

/** Error: a row of a load is invalid. The message names the row, in one line. */
export class LoadRowError extends Error {
  override readonly name = "LoadRowError";
}

/** The largest number of rows. A month of values every two seconds has fewer. */
export const MOST_ROWS = 1_500_000;

/** The longest time that a load may last, in days. */
export const MOST_DAYS = 100;

const DAY = 86_400;

/** How much of a row an error shows, in characters. */
const SHOWN = 60;

/**
 * Returns the rows of a CSV text. All rows must have a time that is later than the one before, and a value of at least 0.
 *
 * @throws LoadRowError if a row is invalid
 */
export function readRows(csv: string): LoadRow[] {
  const rows: LoadRow[] = [];
  let number = 0;
  for (const line of linesOf(csv)) {
    number++;
    if (line === "") continue;
    const row = rowOf(line);
    if (typeof row === "string") {
      if (rows.length === 0 && number === 1 && isHeader(line)) continue;
      throw new LoadRowError(`row ${number}, "${line.slice(0, SHOWN)}": ${row}`);
    }
    const before = rows.at(-1);
    if (before !== undefined && row.at <= before.at) {
      const why = row.at === before.at
        ? "its time is that of the row before"
        : "it is older than the row before";
      throw new LoadRowError(`row ${number}, "${line.slice(0, SHOWN)}": ${why}`);
    }
    if (row.at - (rows[0]?.at ?? row.at) > MOST_DAYS * DAY) {
      throw new LoadRowError(`row ${number} is more than ${MOST_DAYS} days after the first row`);
    }
    if (rows.length >= MOST_ROWS) throw new LoadRowError(`it has more than ${MOST_ROWS} rows`);
    rows.push(row);
  }
  if (rows.length < 2) throw new LoadRowError("it needs at least 2 rows of seconds,value or timestamp,value");
  return rows;
}

/** Yields the lines of a text. An array of all lines would need several times the memory of the text. */
function* linesOf(text: string): Generator<string> {
  for (let from = text.startsWith("\ufeff") ? 1 : 0; from < text.length;) {
    const end = text.indexOf("\n", from);
    yield text.slice(from, end < 0 ? undefined : end).trim();
    from = end < 0 ? text.length : end + 1;
  }
}

/** Returns a row, or why the line is not one. */
function rowOf(line: string): LoadRow | string {
  const fields = line.split(",").map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
  const [time = "", value = ""] = fields;
  if (fields.length !== 2) return `expected 2 fields, got ${fields.length}`;
  const at = secondsOf(time);
  if (at === undefined) {
    return "the first field is neither a number of seconds nor a time such as 2026-01-31T12:00:00Z";
  }
  const number = numberOf(value);
  if (number === undefined) return "the second field is not a number";
  if (number < 0) return "the value is negative";
  return { at, value: number };
}

/** Whether the first line is a header: neither field is a number or a time. */
function isHeader(line: string): boolean {
  return line.split(",").every((field) => numberOf(field.trim()) === undefined && !/\d/.test(field));
}

function numberOf(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) && Number.isFinite(Number(text))
    ? Number(text)
    : undefined;
}

/** Parses a number of seconds, or an ISO 8601 time. A time without a zone is UTC. */
function secondsOf(text: string): number | undefined {
  const seconds = numberOf(text);
  if (seconds !== undefined) return seconds;
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/i.exec(text);
  const [, date = "", time = "", zone = "Z"] = match ?? [];
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // Date.parse turns February 30 into March 2.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined;
  const ms = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms / 1_000;
}
