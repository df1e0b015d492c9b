/**
 * Stores since when each instance has been failing: it is registered, but not healthy, or EC2 reports a problem. The time continues
 * after a restart of the autoscaler.
 *
 * @module
 */
import type { Instance } from "../../../scaling/model/instance.ts";
import { text, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** An instance that fails. */
export interface FailingInstance {
  /** Since when it has been failing, in ms since the epoch. */
  readonly since: number;
  /** Whether it has been in service since its start. */
  readonly served: boolean;
}

/** The instances that fail. */
export class Failing {
  readonly #store: Store;
  #all: Map<string, FailingInstance> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The instances that fail, by their ids. */
  get all(): ReadonlyMap<string, FailingInstance> {
    const { db } = this.#store;
    return this.#all ??= new Map(
      db.readAll(
        db.prepare("SELECT * FROM failing").all(),
        ({ instance }) => `failing ${instance}`,
        (row) => [text(row, "instance"), { since: time(row, "since"), served: row.served === 1 }],
      ),
    );
  }

  /**
   * Records which instances fail. If the first observation of an instance shows it failing, the time begins at its launch time.
   *
   * @param before whether the last observation showed an instance in service; undefined if no earlier observation showed it
   */
  note(instances: readonly Instance[], before: (id: string) => boolean | undefined, now: number): void {
    const next = new Map(
      instances.filter(isFailing).map(({ id, launched = now }) => {
        const served = before(id);
        const since = served === undefined ? Math.min(launched, now) : now;
        return [id, this.all.get(id) ?? { since, served: served ?? false }] as const;
      }),
    );
    const ended = [...this.all.keys()].filter((id) => !next.has(id));
    const begun = [...next].filter(([id]) => !this.all.has(id));
    if (ended.length + begun.length === 0) return;
    this.#store.transaction(() => {
      const { db } = this.#store;
      for (const id of ended) db.prepare("DELETE FROM failing WHERE instance = ?").run(id);
      for (const [id, { since, served }] of begun) {
        db.prepare("INSERT OR REPLACE INTO failing (instance, since, served) VALUES (?, ?, ?)")
          .run(id, since, Number(served));
      }
    });
    // Update the map after the write. If a full disk prevents the write, the next observation tries again.
    this.#all = next;
  }

  /** Records that an instance has come into service. */
  end(id: string): void {
    this.#store.db.prepare("DELETE FROM failing WHERE instance = ?").run(id);
    this.#all = undefined;
  }
}

/** Whether an instance runs and is registered, but is not healthy, or has a problem that EC2 reports. */
function isFailing({ state, registration, impaired }: Instance): boolean {
  return state === "running" &&
    (registration === "out-of-service" || (registration === "in-service" && impaired !== undefined));
}
