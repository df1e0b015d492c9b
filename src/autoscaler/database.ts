/**
 * The SQLite database of a state folder, whose statements are prepared once.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";

/**
 * A database that keeps the statements it has prepared. One that is dropped holds about 9 KB outside of the heap, with all
 * that was bound to it, until V8 collects its wrapper of 100 bytes, which it has no reason to do soon; and preparing one takes
 * a hundred times as long as running it. SQL is constant, values are bound, so that there are but some dozens to keep.
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
