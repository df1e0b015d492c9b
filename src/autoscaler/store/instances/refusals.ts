/**
 * Stores which instances EC2 refuses to stop or to terminate. Otherwise kas would drain them again and again without being
 * able to stop them.
 *
 * @module
 */
import { integer, text, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** The two ways of scaling in (R10). */
export type ScaleInKind = "stop" | "terminate";

/** A refusal of EC2. Times are in ms since the epoch. */
export interface Refusal {
  readonly instance: string;
  readonly action: ScaleInKind;
  /** The message of EC2's error, or which protection the instance has. */
  readonly reason: string;
  /** When EC2 first refused the action. */
  readonly since: number;
  /** When kas last asked EC2 whether it still refuses. */
  readonly checked: number;
  /** Whether stop or termination protection is the reason. kas can then ask EC2 whether the protection is still on. */
  readonly protected: boolean;
}

/** The refusals of EC2. */
export class Refusals {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Records a refusal. If the journal already has it, keeps its `since`. */
  note(refusal: Omit<Refusal, "since" | "checked">, now: number): void {
    const { instance, action, reason } = refusal;
    this.#store.db.prepare(
      `INSERT INTO refusals (instance, action, reason, since, checked, protected) VALUES (?, ?, ?, ?4, ?4, ?5)
       ON CONFLICT (instance, action) DO UPDATE
       SET reason = excluded.reason, checked = excluded.checked, protected = excluded.protected`,
    ).run(instance, action, reason, now, Number(refusal.protected));
  }

  /** Forgets a refusal. */
  forget({ instance, action }: Pick<Refusal, "instance" | "action">): void {
    this.#store.db.prepare("DELETE FROM refusals WHERE instance = ? AND action = ?").run(instance, action);
  }

  /** Returns the refusals of an action, in the order of the ids of the instances. Skips damaged rows. */
  of(action: ScaleInKind): Refusal[] {
    const { db } = this.#store;
    const rows = db.prepare("SELECT * FROM refusals WHERE action = ? ORDER BY instance").all(action);
    return db.readAll(rows, ({ instance }) => `refusal of ${instance}`, (row) => ({
      instance: text(row, "instance"),
      action,
      reason: text(row, "reason"),
      since: time(row, "since"),
      checked: time(row, "checked"),
      protected: integer(row, "protected") === 1,
    }));
  }
}
