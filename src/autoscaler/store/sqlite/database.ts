/**
 * The SQLite database of a state folder, with a cache of prepared statements.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { deflateSync, inflateSync } from "node:zlib";
import { DamagedRowError, type Row } from "./rows.ts";

/** The largest number of damaged rows that a database reports. It reports each of them once. */
const MAX_REPORTED = 10_000;

const log = getLogger(["kas", "store"]);

/**
 * A database that prepares each SQL text once, and keeps the prepared statement.
 *
 * Each statement that is not kept uses about 9 KB outside the heap until the garbage collector runs. To prepare the query for
 * the activities in progress takes about 70 times as long as to run it. kas has a fixed set of SQL texts and binds the
 * values, so the database keeps a few dozen statements.
 */
export class Database extends DatabaseSync {
  readonly #statements = new Map<string, StatementSync>();
  readonly #reported = new Set<string>();
  /** Called once for each damaged row, with the name of the row and what is wrong with it. Default: writes to the log. */
  onDamage: (row: string, damage: string) => void = (row, reason) =>
    log.error("damaged row of the journal skipped", { row, reason });

  /**
   * Returns the prepared statement of an SQL text. A caller must read a result to its end before it runs the same statement
   * again.
   */
  override prepare(sql: string): StatementSync {
    const cached = this.#statements.get(sql);
    if (cached !== undefined) return cached;
    const statement = exact(super.prepare(sql));
    this.#statements.set(sql, statement);
    return statement;
  }

  /**
   * Reads rows. Skips and reports damaged rows.
   *
   * @param name returns the name of a row for people, for example `decision 42`
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

  /** Reports a damaged row, if it has not been reported yet. If the error is not a {@linkcode DamagedRowError}, throws it. */
  reportDamage(name: string, error: unknown): void {
    if (!(error instanceof DamagedRowError)) throw error;
    if (this.#reported.has(name) || this.#reported.size === MAX_REPORTED) return;
    this.#reported.add(name);
    this.onDamage(name, error.message);
  }
}

/**
 * Changes a statement so that it returns an integer as a bigint if a number cannot represent it. Without this change, the
 * query would fail for all rows.
 */
function exact(statement: StatementSync): StatementSync {
  statement.setReadBigInts(true);
  const { get, all, run } = statement;
  return Object.assign(statement, {
    get: (...values: unknown[]) => withNumbers(Reflect.apply(get, statement, values)),
    all: (...values: unknown[]) => (Reflect.apply(all, statement, values) as Row[]).map(withNumbers),
    run: (...values: unknown[]) => withNumbers(Reflect.apply(run, statement, values)),
  });
}

/** Converts the bigints of a row to numbers, if a number can represent them. */
function withNumbers<T extends object | undefined>(row: T): T {
  if (row === undefined) return row;
  const columns = row as Row;
  for (const name of Object.keys(columns)) {
    const value = columns[name];
    if (typeof value === "bigint" && value <= LARGEST && value >= -LARGEST) columns[name] = Number(value);
  }
  return row;
}

/** A number can represent every integer up to this one. */
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * zlib's compression level. It compresses an observation of 1,000 instances to an eighth in 3 ms. With level 1, the result is
 * 50 % larger.
 */
const LEVEL = 3;

/** Compresses a long text, which kas stores in a column. */
export function pack(text: string): Uint8Array {
  return deflateSync(text, { level: LEVEL });
}

/** The largest text that {@linkcode unpack} returns, in bytes. An observation of 10,000 instances has 5 MB. */
const MAX_UNPACKED = 64 * 2 ** 20;

/** Decompresses the result of {@linkcode pack}. Throws an error if zlib's checksum does not match, or if the text is too large. */
export function unpack(packed: Uint8Array): string {
  return inflateSync(packed, { maxOutputLength: MAX_UNPACKED }).toString();
}

// SQLite's result codes for a damaged file, and for a file that is not a database. Source: sqlite.org/rescode.html.
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** Checks the pages of a database, so that kas finds damage when it starts. The check of 200 MiB takes 0.1 s. */
export function checkIntegrity(db: Database): void {
  const found = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
  if (found === "ok") return;
  // SQLite's report has several lines, and an error of kas has one.
  const message = `the database is damaged: ${String(found).replaceAll(/\s+/g, " ")}`;
  throw Object.assign(new Error(message), { errcode: CORRUPT });
}

/** Whether an error of SQLite says that a file is damaged, or that it is not a database. */
export function isDamaged(error: unknown): boolean {
  return error instanceof Error && "errcode" in error &&
    (error.errcode === CORRUPT || error.errcode === NOT_A_DATABASE);
}
