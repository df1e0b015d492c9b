/**
 * Reads from the steps of activities whether kas has asked the service on an instance to drain. This matters only for a fleet without a
 * load balancer: with one, the load balancer knows.
 *
 * @module
 */
import type { StepName } from "../names.ts";
import { oneOf, text, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** How far the draining of an instance is. */
export interface Drain {
  /**
   * `requested`: kas may have asked the service, and the step has not ended. `failed`: the service has not accepted in time.
   * `accepted`: the service has accepted, or there was nothing to ask. `drained`: the service has finished its work.
   */
  readonly state: "requested" | "failed" | "accepted" | "drained";
  /** When the request began, in ms since the epoch. */
  readonly since: number;
}

/** The steps that say how far the draining of an instance is. */
const STEPS = ["deregistered", "drained", "drain-ended", "started"] as const satisfies readonly StepName[];

/** The instances that drain or have drained. */
export class Drains {
  readonly #store: Store;
  #all: ReadonlyMap<string, Drain> = new Map();
  /** The number of changes of the database when this object read the steps. */
  #changes: unknown;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Returns how far the draining of an instance is. Undefined if kas has not asked the service to drain since EC2 started the instance,
   * or if the service takes work again.
   *
   * @param launched when EC2 last started the instance, in ms since the epoch
   */
  of({ id, launched = 0 }: { readonly id: string; readonly launched?: number }): Drain | undefined {
    const changes = this.#store.db.prepare("SELECT total_changes() AS n").get()?.n;
    if (changes !== this.#changes) this.#all = this.#read();
    this.#changes = changes;
    const drain = this.#all.get(id);
    return drain !== undefined && drain.since >= launched ? drain : undefined;
  }

  #read(): ReadonlyMap<string, Drain> {
    const { db } = this.#store;
    const rows = db.prepare(
      `SELECT id, instance, step, began, ended, failure FROM steps
       WHERE step IN (SELECT value FROM json_each(?)) AND instance IS NOT NULL ORDER BY id`,
    ).all(JSON.stringify(STEPS));
    const steps = db.readAll(rows, ({ id }) => `step ${id}`, (row) => ({
      instance: text(row, "instance"),
      step: oneOf(row, "step", STEPS),
      began: time(row, "began"),
      isOpen: row.ended === null,
      isDone: row.ended !== null && row.failure === null,
    }));
    const drains = new Map<string, Drain>();
    for (const { instance, step, began, isOpen, isDone } of steps) {
      const before = drains.get(instance);
      if (step === "deregistered") {
        if (before?.state === "drained" || before?.state === "accepted") continue;
        drains.set(instance, { state: isDone ? "accepted" : isOpen ? "requested" : "failed", since: began });
      } else if (step === "drained") {
        if (isDone && before !== undefined) drains.set(instance, { ...before, state: "drained" });
      } else if (isDone) drains.delete(instance);
    }
    return drains;
  }
}
