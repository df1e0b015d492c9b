/**
 * Stores the pauses that operators asked for, so that a pause continues after a restart of the autoscaler.
 *
 * @module
 */
import type { Direction } from "../../../scaling/model/activity.ts";
import type { OperatorPause, OperatorPauses } from "../../../scaling/model/observation.ts";
import { oneOf, optional, type Row, text, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** The pauses of scaling that operators asked for. */
export class OperatorPauseStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the pauses that are in force. Undefined if there is none. */
  inForce(now: number): OperatorPauses | undefined {
    const { db } = this.#store;
    const rows = db.prepare("SELECT * FROM operator_pauses ORDER BY direction DESC").all();
    const all = db.readAll(rows, ({ direction }: Row) => `operator_pauses ${direction}`, pauseOf)
      .filter(([, { until = Infinity }]) => now < until);
    return all.length === 0 ? undefined : Object.fromEntries(all);
  }

  /** Pauses directions. A pause replaces an earlier pause of the same direction. */
  pause(directions: readonly Direction[], { since, until, reason }: OperatorPause): void {
    const { db } = this.#store;
    this.#store.transaction(() => {
      for (const direction of directions) {
        db.prepare(
          "INSERT OR REPLACE INTO operator_pauses (direction, since, until, reason) VALUES (?, ?, ?, ?)",
        )
          .run(direction, since, until ?? null, reason ?? null);
      }
    });
  }

  /** Ends the pauses of directions. */
  resume(directions: readonly Direction[]): void {
    const { db } = this.#store;
    this.#store.transaction(() => {
      for (const direction of directions) {
        db.prepare("DELETE FROM operator_pauses WHERE direction = ?").run(direction);
      }
    });
  }
}

function pauseOf(row: Row): [Direction, OperatorPause] {
  return [oneOf(row, "direction", ["out", "in"]), {
    since: time(row, "since"),
    ...optional("until", row, time),
    ...optional("reason", row, text),
  }];
}
