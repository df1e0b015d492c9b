/**
 * Stores which instances the fleet lost (R21): they became unhealthy, or left service although neither kas nor an operator took
 * them out of service. kas starts another instance in the place of each.
 *
 * @module
 */
import type { Loss } from "../../../scaling/model/observation.ts";
import { integer, optional, type Row, text, time } from "../sqlite/rows.ts";
import type { Store } from "../store.ts";

/** A loss stays open until a start has been possible for this long, in ms. */
const OPEN_FOR = 900_000;

/**
 * The longest time between two evaluations that counts towards {@linkcode OPEN_FOR}, in ms. If reconciles are far apart, twice their
 * interval is the longest. If more time has passed, the autoscaler did not run, or could not observe the fleet.
 */
const LONGEST_INTERVAL = 120_000;

/**
 * SQL: whether kas itself has stopped or started the lost instance since the loss. If so, and the instance serves again, kas does not
 * count that as a recovery.
 */
const OWN = `EXISTS (SELECT 1 FROM activities a WHERE a.instance = losses.instance AND a.began >= losses.at
  AND (a.status = 'successful' OR (a.ended IS NULL AND a.kind IN ('stop', 'terminate'))))`;

/** SQL: whether the lost instance has no replacement: no activity has put another instance into service, and none is trying to. */
const UNREPLACED = `(activity IS NULL OR
  activity IN (SELECT id FROM activities WHERE ended IS NOT NULL AND status <> 'successful'))`;

/** The instances that the fleet lost. */
export class Losses {
  readonly #store: Store;
  /** When the last evaluation of the whole fleet ended, in ms since the epoch. */
  #evaluated: number | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the losses, oldest first. If an instance recovered after kas had replaced it, its loss has `recovered`. */
  all(): Loss[] {
    const { db } = this.#store;
    const rows = db.prepare(
      `SELECT losses.*, a.instance AS stand_in FROM losses
       LEFT JOIN activities a ON a.id = losses.activity AND a.ended IS NULL ORDER BY at, losses.instance`,
    ).all();
    return db.readAll(rows, ({ instance }: Row) => `losses ${instance}`, (row) => ({
      instance: text(row, "instance"),
      zone: text(row, "zone"),
      at: time(row, "at"),
      open: integer(row, "closed") === 0,
      ...optional("standIn", { standIn: row.stand_in ?? null }, text),
      ...(row.recovered === 1 ? { recovered: true as const } : {}),
    }));
  }

  /** Records that the fleet lost an instance. Changes nothing if the journal already has the loss. */
  open(instance: string, zone: string, at: number): void {
    this.#store.db.prepare(
      `INSERT INTO losses (instance, zone, at, closed, recovered, possible) VALUES (?, ?, ?, 0, 0, 0)
       ON CONFLICT (instance) DO UPDATE SET recovered = 0, possible = 0 WHERE recovered = 1`,
    ).run(instance, zone, at);
  }

  /**
   * Records that an instance serves again. Keeps the loss as a recovery if kas has started another instance in its place: the fleet
   * then has one instance more than it wants.
   */
  end(instance: string): void {
    const { db } = this.#store;
    db.prepare(`DELETE FROM losses WHERE instance = ? AND (${UNREPLACED} OR ${OWN})`).run(instance);
    db.prepare("UPDATE losses SET recovered = 1, possible = 0 WHERE instance = ? AND recovered = 0").run(
      instance,
    );
  }

  /** Forgets this number of recoveries, the oldest first: kas has decided to stop as many instances, or the load needs all of them. */
  spend(instances: number): void {
    this.#store.db.prepare(
      `DELETE FROM losses WHERE instance IN
         (SELECT instance FROM losses WHERE recovered = 1 ORDER BY at, instance LIMIT ?)`,
    ).run(instances);
  }

  /** Closes the oldest open losses, one for each activity that starts an instance. */
  replace(activities: readonly { readonly id: number }[]): void {
    for (const { id } of activities) {
      this.#store.db.prepare(
        `UPDATE losses SET closed = 1, activity = ?
         WHERE instance = (SELECT instance FROM losses WHERE closed = 0 ORDER BY at, instance LIMIT 1)`,
      ).run(id);
    }
  }

  /** Opens a loss again if its activity did not put an instance into service. Forgets each recovery that has no replacement. */
  reopen(): void {
    this.#store.db.exec(
      `DELETE FROM losses WHERE recovered = 1 AND (${UNREPLACED} OR ${OWN});
       UPDATE losses SET closed = 0, activity = NULL WHERE closed = 1 AND activity IN
         (SELECT id FROM activities WHERE ended IS NOT NULL AND status <> 'successful')`,
    );
  }

  /** Closes all losses, because the fleet needs no more instances than it has. */
  close(): void {
    this.#store.db.exec("UPDATE losses SET closed = 1, activity = NULL WHERE closed = 0");
  }

  /**
   * Records that an evaluation of the whole fleet has ended. Closes a loss when a start has been possible for {@linkcode OPEN_FOR}.
   * Forgets a recovery after the same time: the checks did not let kas stop an instance, so the fleet needs all of them.
   *
   * @param possible whether kas could start an instance
   * @param resync the interval between reconciles, in ms
   */
  evaluated(possible: boolean, now: number, resync: number): void {
    const since = now - (this.#evaluated ?? now);
    this.#evaluated = now;
    if (since <= 0 || since > Math.max(LONGEST_INTERVAL, 2 * resync)) return;
    const { db } = this.#store;
    db.prepare("UPDATE losses SET possible = possible + ? WHERE recovered = 1").run(since);
    db.prepare("DELETE FROM losses WHERE recovered = 1 AND possible >= ?").run(OPEN_FOR);
    if (!possible) return;
    db.prepare("UPDATE losses SET possible = possible + ? WHERE closed = 0").run(since);
    db.prepare("UPDATE losses SET closed = 1 WHERE closed = 0 AND possible >= ?").run(OPEN_FOR);
  }

  /** Deletes each closed loss whose instance is not in the fleet any more. */
  prune(instances: ReadonlySet<string>): void {
    for (const { instance, open } of this.all()) {
      if (!open && !instances.has(instance)) {
        this.#store.db.prepare("DELETE FROM losses WHERE instance = ?").run(instance);
      }
    }
  }
}
