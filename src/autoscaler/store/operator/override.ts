/**
 * Stores the capacity that an operator asked for with `kas admin scale to`, so that it continues to apply after a restart of the
 * autoscaler.
 *
 * @module
 */
import type { Override } from "../../../scaling/model/observation.ts";
import { integer, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** The capacity that an operator asked for. */
export class Overrides {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the capacity that is in force. Undefined if there is none. */
  inForce(now: number): Override | undefined {
    const { db } = this.#store;
    const rows = db.prepare("SELECT * FROM override").all();
    const [override] = db.readAll(rows, () => "override", (row) => ({
      capacity: integer(row, "capacity"),
      since: time(row, "since"),
      until: time(row, "until"),
      once: integer(row, "once") === 1,
    }));
    return override !== undefined && now < override.until ? override : undefined;
  }

  /** Sets the capacity. It replaces an earlier one. */
  set({ capacity, since, until, once }: Override): void {
    const { db } = this.#store;
    this.#store.transaction(() => {
      db.exec("DELETE FROM override");
      db.prepare("INSERT INTO override (capacity, since, until, once) VALUES (?, ?, ?, ?)")
        .run(capacity, since, until, Number(once));
    });
  }

  /** Ends the capacity: the policies decide again. */
  end(): void {
    this.#store.db.exec("DELETE FROM override");
  }
}
