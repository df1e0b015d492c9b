/**
 * Deletes old records, so that the size of the journal stays bounded.
 *
 * @module
 */
import type { Store } from "../store.ts";

/** How long the journal keeps a record, in ms. */
const MAX_AGE = 90 * 24 * 3_600_000;

/**
 * Deletes records that are older than 90 days. If the database is larger than `maxBytes`, also deletes the oldest records.
 *
 * The function keeps decisions whose activity is in progress, and the newest decision of each kind of activity, because
 * cooldowns depend on these.
 */
export function prune(store: Store, maxBytes: number, now: number): void {
  const { db } = store;
  const deletable = `id NOT IN (SELECT decision FROM activities WHERE ended IS NULL)
      AND id NOT IN (SELECT max(decision) FROM activities GROUP BY kind, unhealthy)`;
  store.transaction(() => {
    db.prepare(`DELETE FROM decisions WHERE time < ? AND ${deletable}`).run(now - MAX_AGE);
    const { first, last } = db.prepare("SELECT min(id) AS first, max(id) AS last FROM decisions").get() ?? {};
    for (let tenth = 1; tenth < 10 && store.size() > maxBytes; tenth++) {
      const end = Number(first) + (Number(last) - Number(first)) * tenth / 10;
      db.prepare(`DELETE FROM decisions WHERE id <= ? AND ${deletable}`).run(Math.floor(end));
    }
    restartRuns(store);
  });
}

/**
 * Consecutive equal reconciles refer to the first of them. If that record is deleted, they now refer to the oldest remaining
 * one.
 */
function restartRuns({ db }: Store): void {
  const runs = db.prepare(
    `SELECT repeats, min(id) AS first FROM decisions
     WHERE repeats IS NOT NULL AND repeats NOT IN (SELECT id FROM decisions) GROUP BY repeats`,
  ).all();
  const restart = db.prepare("UPDATE decisions SET repeats = nullif(?, id) WHERE repeats = ?");
  for (const { repeats, first } of runs) restart.run(Number(first), Number(repeats));
}
