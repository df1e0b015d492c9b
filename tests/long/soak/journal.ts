/**
 * Goes through the journal that a soak has left.
 *
 * @module
 */
import { type DecisionRecord, readRecord } from "../../../src/autoscaler/store/decisions.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import { replay } from "../../../src/scaling/replay.ts";

/** What the journal holds. */
export interface Review {
  readonly decisions: number;
  /** Ids of decisions that come out differently when they are made again (R16). */
  readonly differences: readonly number[];
  /** Notifications that are done. */
  readonly messages: number;
  /** Those of them that don't have exactly one decision (I8). */
  readonly undecided: readonly string[];
  /** How many activities ended how: "start done", "stop failed"… */
  readonly activities: Readonly<Record<string, number>>;
}

/** Reads a state folder, also while an autoscaler is using it. */
export function reviewed(folder: string): Review {
  using state = Store.read(folder);
  const all = (sql: string) => state.db.prepare(sql).all();
  const differences: number[] = [];
  let decisions = 0;
  for (const record of records(state)) {
    decisions++;
    if (!replay(record).same) differences.push(record.id);
  }
  const messages = all(
    `SELECT m.id, count(d.id) AS n FROM messages m LEFT JOIN decisions d ON d.message = m.id
     WHERE m.kind = 'notification' AND m.done IS NOT NULL GROUP BY m.id`,
  );
  const activities = all("SELECT kind || ' ' || status AS how, count(*) AS n FROM activities GROUP BY how");
  return {
    decisions,
    differences,
    messages: messages.length,
    undecided: messages.filter(({ n }) => n !== 1).map(({ id }) => String(id)),
    activities: Object.fromEntries(activities.map(({ how, n }) => [String(how), Number(n)])),
  };
}

/** Every record, one at a time. */
function* records({ db }: Store): Generator<DecisionRecord> {
  let record = readRecord(db, { after: 0 });
  while (record !== undefined) {
    yield record;
    record = readRecord(db, { after: record.id });
  }
}
