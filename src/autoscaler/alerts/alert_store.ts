/**
 * Stores the alerts that are firing, so that kas also reports the end of an alert that ended while the autoscaler was not running.
 *
 * @module
 */
import { oneOf, type Row, text, time } from "../store/sqlite/rows.ts";
import type { Store } from "../store/store.ts";
import { type Alert, ALERT_NAMES, type AlertName } from "./alert.ts";

/** The alerts that are firing. */
export class AlertStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the alerts that were firing when the autoscaler last ran. */
  all(): Alert[] {
    const { db } = this.#store;
    const rows = db.prepare("SELECT * FROM alerts ORDER BY since").all();
    return db.readAll(rows, ({ name }: Row) => `alerts ${name}`, (row) => ({
      name: oneOf(row, "name", ALERT_NAMES),
      reason: text(row, "reason"),
      since: time(row, "since"),
    }));
  }

  /** Records that an alert is firing. */
  add({ name, reason, since }: Alert): void {
    this.#store.db.prepare("INSERT OR REPLACE INTO alerts (name, reason, since) VALUES (?, ?, ?)")
      .run(name, reason, since);
  }

  /** Records that an alert has ended. */
  remove(name: AlertName): void {
    this.#store.db.prepare("DELETE FROM alerts WHERE name = ?").run(name);
  }
}
