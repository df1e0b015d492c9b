/**
 * The SQLite database of a state folder, with a cache of prepared statements.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { deflateSync, inflateSync } from "node:zlib";
import { DamagedRowError, type Row } from "./rows.ts";

/** How many damaged rows a database remembers, so that it reports each of them once. */
const MAX_REPORTED = 10_000;

const log = getLogger(["kas", "store"]);

/**
 * A database that prepares each SQL text once and keeps the statement.
 *
 * A discarded statement keeps about 9 KB outside the heap until the garbage collector runs. Preparing the query for the
 * activities in progress takes about 70 times as long as running it. All SQL is constant and its values are bound, so the
 * cache holds a few dozen statements.
 */
export class Database extends DatabaseSync {
  readonly #statements = new Map<string, StatementSync>();
  readonly #reported = new Set<string>();
  /** Called once for each damaged row, with its name and its damage. Default: the log. */
  onDamage: (row: string, damage: string) => void = (row, reason) =>
    log.error("damaged row of the journal skipped", { row, reason });

  /** Returns the one statement for an SQL text. The caller reads a result to its end before it runs the statement again. */
  override prepare(sql: string): StatementSync {
    const cached = this.#statements.get(sql);
    if (cached !== undefined) return cached;
    const statement = exact(super.prepare(sql));
    this.#statements.set(sql, statement);
    return statement;
  }

  /**
   * Reads rows, and skips and reports the damaged ones.
   *
   * @param name names a row to people, for instance `decision 42`
   */
  readAll<T>(rows: readonly Row[], name: (row: Row) => string, read: (row: Row) => T): T[] {
    return rows.flatMap((row) => {
      try {
        return [read(row)];
      } catch (error) {
        this.reportDamage(name(row), error);
        return [];
      }
    });
  }

  /** Reports a damaged row, once. Throws the error if it is a different one. */
  reportDamage(name: string, error: unknown): void {
    if (!(error instanceof DamagedRowError)) throw error;
    if (this.#reported.has(name) || this.#reported.size === MAX_REPORTED) return;
    this.#reported.add(name);
    this.onDamage(name, error.message);
  }
}

/** Makes a statement return an integer that a number cannot hold as a bigint. By itself it would fail for all its rows. */
function exact(statement: StatementSync): StatementSync {
  statement.setReadBigInts(true);
  const { get, all, run } = statement;
  return Object.assign(statement, {
    get: (...values: unknown[]) => withNumbers(Reflect.apply(get, statement, values)),
    all: (...values: unknown[]) => (Reflect.apply(all, statement, values) as Row[]).map(withNumbers),
    run: (...values: unknown[]) => withNumbers(Reflect.apply(run, statement, values)),
  });
}

/** Converts the bigints of a row that a number can hold. */
function withNumbers<T extends object | undefined>(row: T): T {
  if (row === undefined) return row;
  const columns = row as Row;
  for (const name of Object.keys(columns)) {
    const value = columns[name];
    if (typeof value === "bigint" && value <= LARGEST && value >= -LARGEST) columns[name] = Number(value);
  }
  return row;
}

/** The largest integer up to which a number holds every integer. */
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** zlib's compression level. An observation of 1,000 instances shrinks to an eighth in 3 ms. Level 1 leaves half as much again. */
const LEVEL = 3;

/** Compresses a long text for a column. */
export function pack(text: string): Uint8Array {
  return deflateSync(text, { level: LEVEL });
}

/** The largest text that {@linkcode unpack} returns, in bytes. An observation of 10,000 instances has 5 MB. */
const MAX_UNPACKED = 64 * 2 ** 20;

/** Decompresses what {@linkcode pack} made. Throws if it is damaged or too large: zlib checks its own checksum. */
export function unpack(packed: Uint8Array): string {
  return inflateSync(packed, { maxOutputLength: MAX_UNPACKED }).toString();
}

/** SQLite's result codes for a damaged file and for one that is not a database. Source: sqlite.org/rescode.html. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** Checks the pages of a database, so that damage is found at the start. 200 MiB take 0.1 s. */
export function checkIntegrity(db: Database): void {
  const found = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
  if (found === "ok") return;
  // SQLite reports damage on several lines.
  const message = `the database is damaged: ${String(found).replaceAll(/\s+/g, " ")}`;
  throw Object.assign(new Error(message), { errcode: CORRUPT });
}

/** Whether an error says that a file is damaged, or not a database. */
export function isDamaged(error: unknown): boolean {
  return error instanceof Error && "errcode" in error &&
    (error.errcode === CORRUPT || error.errcode === NOT_A_DATABASE);
}
