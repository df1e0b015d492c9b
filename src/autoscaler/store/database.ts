/**
 * The SQLite database of a state folder, with a cache of prepared statements.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** A row that a query returns, by column name. */
export type Row = Record<string, unknown>;

/**
 * A database that prepares each SQL text once and keeps the statement.
 *
 * A discarded statement keeps about 9 KB outside the heap until the garbage collector runs. Preparing the query for the activities in
 * progress takes about 70 times as long as running it. All SQL is constant and its values are bound, so the cache holds a few dozen statements.
 */
export class Database extends DatabaseSync {
  readonly #statements = new Map<string, StatementSync>();

  /** Returns the one statement for an SQL text. The caller reads a result to its end before it runs the statement again. */
  override prepare(sql: string): StatementSync {
    const cached = this.#statements.get(sql);
    if (cached !== undefined) return cached;
    const statement = super.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
