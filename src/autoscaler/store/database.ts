/**
 * The SQLite database of a state folder, whose statements are prepared once.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";

/**
 * A database that keeps the statements it has prepared. One that is dropped holds its memory outside of the heap, 9 KB
 * for the activities under way, until V8 collects its small wrapper, which it has no reason to do soon; and preparing that one
 * takes some seventy times as long as running it. SQL is constant, values are bound, so that there are but some dozens to keep.
 */
export class Database extends DatabaseSync {
  readonly #statements = new Map<string, StatementSync>();

  /** The statement of some SQL, the same each time. A caller is to read all of a result before anybody asks for the next. */
  override prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = super.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
