/**
 * Stores the capacity that an operator asked for with `kas admin scale to`, so that it continues to apply after a restart of the
 * autoscaler.
 *
 * @module
 */
import type { Override } from "../../../scaling/model/observation.ts";
import { integer, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** How far the fleet has come to the capacity that an operator asked for, at the last evaluation that followed it. */
export interface OverrideProgress {
  readonly override: Override;
  /** `reached`: the fleet has the capacity in service. `held`: checks hold actions back that it needs. */
  readonly outcome: "pending" | "reached" | "held";
  /** The checks that hold actions back. */
  readonly checks: readonly string[];
  /** The reason of the decision. */
  readonly reason: string;
}

/** The capacity that an operator asked for. */
export class Overrides {
  readonly #store: Store;
  #progress: OverrideProgress | undefined;

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

  /**
   * The progress of the last capacity that an evaluation of this process followed, also after the capacity has ended. Undefined
   * if there was none.
   */
  get progress(): OverrideProgress | undefined {
    return this.#progress;
  }

  /** Notes what an evaluation means for the capacity that it followed. */
  note(progress: OverrideProgress): void {
    this.#progress = progress;
  }

  /** Sets the capacity. It replaces an earlier one. Call this in a transaction. */
  set({ capacity, since, until, once }: Override): void {
    this.end();
    this.#store.db.prepare("INSERT INTO override (capacity, since, until, once) VALUES (?, ?, ?, ?)")
      .run(capacity, since, until, Number(once));
  }

  /** Ends the capacity: the policies decide again. */
  end(): void {
    this.#store.db.exec("DELETE FROM override");
  }
}
