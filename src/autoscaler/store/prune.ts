/**
 * Keeping the journal bounded.
 *
 * @module
 */
import type { Store } from "./store.ts";

/** How long a record is kept, ms. */
const KEPT = 90 * 24 * 3_600_000;

/**
 * Forgets what is too old, and beyond `largest` bytes what is oldest; never an activity under way, nor the newest start and
 * stop, which cooldowns go by.
 */
export function prune(state: Store, largest: number, now: number): void {
  const { db } = state;
  const spared = `id NOT IN (SELECT decision FROM activities WHERE ended IS NULL)
      AND id NOT IN (SELECT max(id) FROM decisions WHERE kind <> 'none' GROUP BY kind)`;
  state.transaction(() => {
    db.prepare(`DELETE FROM decisions WHERE time < ? AND ${spared}`).run(now - KEPT);
    const { first, last } = db.prepare("SELECT min(id) AS first, max(id) AS last FROM decisions").get() ?? {};
    for (let tenth = 1; tenth < 10 && state.size() > largest; tenth++) {
      const end = Number(first) + (Number(last) - Number(first)) * tenth / 10;
      db.prepare(`DELETE FROM decisions WHERE id <= ? AND ${spared}`).run(Math.floor(end));
    }
    mendRuns(state);
  });
}

/** A run whose first record is gone begins with the oldest that is left. */
function mendRuns({ db }: Store): void {
  const runs = db.prepare(
    `SELECT repeats, min(id) AS first FROM decisions
     WHERE repeats IS NOT NULL AND repeats NOT IN (SELECT id FROM decisions) GROUP BY repeats`,
  ).all();
  const mend = db.prepare("UPDATE decisions SET repeats = nullif(?, id) WHERE repeats = ?");
  for (const { repeats, first } of runs) mend.run(Number(first), Number(repeats));
}
