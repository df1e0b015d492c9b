/**
 * Reviews the journal of a soak.
 *
 * @module
 */
import { type DecisionRecord, readRecord } from "../../../src/autoscaler/store/decisions.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import { replay } from "../../../src/scaling/replay.ts";

/** The content of the journal. */
export interface Review {
  readonly decisions: number;
  /** Ids of decisions whose replay differs (R16). */
  readonly differences: readonly number[];
  /** Processed notifications. */
  readonly messages: number;
  /** Processed notifications without exactly one decision (I8). */
  readonly undecided: readonly string[];
  /** The number of activities by kind and status, for example "start successful". */
  readonly activities: Readonly<Record<string, number>>;
}

/** Reads a state folder, even while an autoscaler uses it. */
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

/** Iterates over every record. */
function* records({ db }: Store): Generator<DecisionRecord> {
  let record = readRecord(db, { after: 0 });
  while (record !== undefined) {
    yield record;
    record = readRecord(db, { after: record.id });
  }
}
