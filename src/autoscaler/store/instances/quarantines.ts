/**
 * Stores when kas first saw each quarantine whose tag does not say when the quarantine ends. An earlier version of kas, or a
 * person, wrote such a tag.
 *
 * @module
 */
import type { Instance } from "../../../scaling/model/instance.ts";
import { type Row, text, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** The quarantines whose tags do not say when they end. */
export class Quarantines {
  readonly #store: Store;
  /** When kas first saw each quarantine, by the id of the instance, in ms since the epoch. */
  readonly #firstSeen: Map<string, number>;

  constructor(store: Store) {
    this.#store = store;
    const rows = store.db.prepare("SELECT instance, since FROM quarantines").all();
    const name = ({ instance }: Row) => `quarantines ${instance}`;
    this.#firstSeen = new Map(
      store.db.readAll(rows, name, (row) => [text(row, "instance"), time(row, "since")]),
    );
  }

  /** Returns when kas first saw the quarantine of an instance, in ms since the epoch. Undefined if the quarantine has an end. */
  firstSeen(id: string): number | undefined {
    return this.#firstSeen.get(id);
  }

  /** Records which instances have a quarantine whose tag does not say when it ends. */
  note(
    instances: readonly Pick<Instance, "id" | "quarantine" | "quarantineUntil">[],
    now: number,
  ): void {
    const endless = new Set(
      instances.filter(({ quarantine, quarantineUntil }) =>
        quarantine !== undefined && quarantineUntil === undefined
      )
        .map(({ id }) => id),
    );
    const seen = [...endless].filter((id) => !this.#firstSeen.has(id));
    const gone = [...this.#firstSeen.keys()].filter((id) => !endless.has(id));
    if (seen.length === 0 && gone.length === 0) return;
    const { db } = this.#store;
    this.#store.transaction(() => {
      for (const id of seen) {
        db.prepare("INSERT INTO quarantines (instance, since) VALUES (?, ?)").run(id, now);
      }
      for (const id of gone) db.prepare("DELETE FROM quarantines WHERE instance = ?").run(id);
    });
    for (const id of seen) this.#firstSeen.set(id, now);
    for (const id of gone) this.#firstSeen.delete(id);
  }
}
