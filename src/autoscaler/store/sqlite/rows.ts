/**
 * Reads the columns of rows. Any row of the database file can be damaged, so each function checks the column that it reads.
 *
 * @module
 */

/** A row of a result, by column name. An integer is a bigint if a number cannot represent it. */
export type Row = Record<string, unknown>;

/** A row is damaged. */
export class DamagedRowError extends Error {
  override readonly name = "DamagedRowError";
}

/** The latest time of a Date, in ms. Source: ECMA-262, Time Values and Time Range. */
export const MAX_TIME = 8.64e15;

/** Reads an integer. */
export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw damaged(row, column, "is not an integer");
  return value;
}

/** Reads a time in ms since the epoch. */
export function time(row: Row, column: string): number {
  const value = integer(row, column);
  if (Math.abs(value) > MAX_TIME) throw damaged(row, column, "is not a time");
  return value;
}

/** Reads a text. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw damaged(row, column, "is not a text");
  return value;
}

/** Reads one of several names. */
export function oneOf<const T extends string>(row: Row, column: string, names: readonly T[]): T {
  const found = names.find((name) => name === row[column]);
  if (found === undefined) throw damaged(row, column, "is not a known name");
  return found;
}

/** Reads a list of texts from JSON. */
export function texts(row: Row, column: string): readonly string[] {
  let list: unknown;
  try {
    list = JSON.parse(text(row, column));
  } catch {
    throw damaged(row, column, "is not JSON");
  }
  if (!Array.isArray(list) || list.some((it) => typeof it !== "string")) {
    throw damaged(row, column, "is not a list of texts");
  }
  return list;
}

/** Reads a column with `read`. Returns null if the column is null. */
export function orNull<T>(
  row: Row,
  column: string,
  read: (row: Row, column: string) => T,
): T | null {
  return row[column] === null ? null : read(row, column);
}

/** Reads a column with `read`. Returns an object with the column as its property, or without properties if the column is null. */
export function optional<const K extends string, T>(
  name: K,
  row: Row,
  read: (row: Row, column: string) => T,
): { readonly [P in K]?: T } {
  return row[name] === null ? {} : { [name]: read(row, name) } as { readonly [P in K]: T };
}

function damaged(row: Row, column: string, why: string): DamagedRowError {
  const value = String(row[column]);
  return new DamagedRowError(`${column} ${why}: ${value.length > 40 ? `${value.slice(0, 40)}…` : value}`);
}
