/**
 * Compares what kas reads from a journal of schema version 8 and version 6 of the rules, whose decisions have at most one action, with
 * what the version that wrote the journal read from it.
 *
 * Commit c011bd1 wrote `testdata/journal_v8.db` with decisions of the fleet of the fixtures, the answers in
 * `testdata/journal_v8.json`, and `testdata/records_v8.jsonl`, which is what `kas admin activities --records` prints.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { toRecord } from "../../../../src/admin/journal/record_json.ts";
import type { DecisionRecord } from "../../../../src/autoscaler/store/decisions.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { explain } from "../../../../src/scaling/explain.ts";
import { replay } from "../../../../src/scaling/replay.ts";
import answers from "./testdata/journal_v8.json" with { type: "json" };
import { withJournal } from "./recorded.ts";

const TESTDATA = new URL("./testdata/", import.meta.url);
const JOURNAL = new URL("journal_v8.db", TESTDATA);

/** A record as version 6 of the rules wrote it, as far as the tests compare it. */
interface Old {
  readonly id: number;
  readonly decision: { readonly kind: string; readonly reason: string; readonly checks: readonly string[] };
  readonly activity: object | null;
}

const OLD: readonly Old[] = Deno.readTextFileSync(new URL("records_v8.jsonl", TESTDATA)).trimEnd().split("\n")
  .map((line) => JSON.parse(line));

/** Returns all records, oldest first. */
function records(journal: Journal): DecisionRecord[] {
  const all: DecisionRecord[] = [];
  for (let next = journal.read({ after: 0 }); next !== undefined; next = journal.read({ after: next.id })) {
    all.push(next);
  }
  return all;
}

/** Asserts that a store returns the answers of the version that wrote it, in the present shape. */
function assertSameAnswers(store: Store): void {
  const journal = new Journal(store);
  const { now } = answers;
  assertEquals(journal.lines(100, now), answers.lines as never);
  assertEquals(journal.unfinished(), answers.unfinished as never);
  assertEquals(journal.inProgress(), answers.inProgress as never);
  assertEquals(journal.history(now), answers.history as never);
  const all = records(journal);
  assertEquals(all.map(({ id }) => id), OLD.map(({ id }) => id));
  for (const [i, { decision, activities, id }] of all.entries()) {
    const { reason, checks, kind, recommendation, ...action } = OLD[i]?.decision as
      & Old["decision"]
      & { readonly recommendation?: object };
    assertEquals(decision as unknown, {
      actions: kind === "none" ? [] : [{ kind, ...action }],
      reason,
      checks,
      recommendations: recommendation === undefined ? [] : [recommendation],
    });
    assertEquals(activities as unknown, OLD[i]?.activity ? [OLD[i].activity] : []);
    assertEquals(journal.checks(id) as unknown, checks);
  }
}

Deno.test("Store.read() reads a journal with schema version 8 like the version that wrote it, and writes nothing", () =>
  withJournal(JOURNAL, (folder) => {
    const before = Deno.readFileSync(`${folder}/kas.db`);
    {
      using store = Store.read(folder);
      assertSameAnswers(store);
    }
    assertEquals(Deno.readFileSync(`${folder}/kas.db`), before);
  }));

Deno.test("Store.open() migrates a journal with schema version 8 to the tables of a new journal, without changing its content", () =>
  withJournal(JOURNAL, (folder) => {
    /** Returns the columns of each table. */
    const columns = ({ db }: Store) =>
      db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all().map((
        { name },
      ) => [
        name,
        db.prepare(`PRAGMA table_xinfo(${name})`).all().map((
          { name, type, notnull },
        ) => [name, type, notnull]),
      ]);
    using store = Store.open(folder);
    assertSameAnswers(store);
    using fresh = Store.memory();
    assertEquals(columns(store), columns(fresh));
  }));

Deno.test("R16: kas makes the decisions of a journal of version 6 of the rules again, and explains them", () =>
  withJournal(JOURNAL, (folder) => {
    using store = Store.read(folder);
    for (const record of records(new Journal(store))) {
      const { id, rules, trigger, observation, decision } = record;
      const replayed = replay(record);
      assertEquals([rules, replayed.rulesChanged, replayed.same], [6, true, true], `decision ${id}`);
      assertEquals(explain(trigger, observation).decision.actions, decision.actions);
    }
  }));

Deno.test("toRecord() reads from JSON lines of version 6 of the rules the same records as Journal.read() from the journal", () =>
  withJournal(JOURNAL, (folder) => {
    using store = Store.read(folder);
    const lines = OLD.map((record) => toRecord(JSON.stringify(record)));
    assert(lines.length > 10);
    assertEquals(lines, records(new Journal(store)));
  }));
