/**
 * Stores since when each instance has been registered without being healthy. The time continues after a restart of the autoscaler.
 *
 * @module
 */
import type { Instance } from "../../../scaling/model/instance.ts";
import { text, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** The instances that fail their health checks at the load balancer. */
export class Failing {
  readonly #store: Store;
  #since: Map<string, number> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Since when instances have failed their health checks, by the id of the instance, in ms since the epoch. */
  get since(): ReadonlyMap<string, number> {
    const { db } = this.#store;
    return this.#since ??= new Map(
      db.readAll(
        db.prepare("SELECT instance, since FROM failing").all(),
        ({ instance }) => `failing ${instance}`,
        (row) => [text(row, "instance"), time(row, "since")],
      ),
    );
  }

  /**
   * Records which instances fail their health checks. If the first observation of an instance shows it failing, the time
   * begins at its launch time.
   *
   * @param isNew whether no earlier observation showed the instance
   */
  note(instances: readonly Instance[], isNew: (id: string) => boolean, now: number): void {
    const next = new Map(
      instances.filter(({ state, registration }) => state === "running" && registration === "out-of-service")
        .map(({ id, launched = now }) => {
          const first = isNew(id) ? Math.min(launched, now) : now;
          return [id, this.since.get(id) ?? first] as const;
        }),
    );
    const ended = [...this.since.keys()].filter((id) => !next.has(id));
    const begun = [...next].filter(([id]) => !this.since.has(id));
    if (ended.length + begun.length === 0) return;
    this.#store.transaction(() => {
      const { db } = this.#store;
      for (const id of ended) db.prepare("DELETE FROM failing WHERE instance = ?").run(id);
      for (const entry of begun) {
        db.prepare("INSERT OR REPLACE INTO failing (instance, since) VALUES (?, ?)").run(...entry);
      }
    });
    // Update the map after the write. If a full disk prevents the write, the next observation tries again.
    this.#since = next;
  }
}
