/**
 * Compares what kas reads from a journal of schema version 3 with what kas 0.1.0, which wrote the journal, read from it.
 * Later versions have other names in the journal.
 *
 * An autoscaler of commit 3420091 wrote most of `testdata/journal_v3.db` in the sandbox. The journal code of this commit
 * wrote the last decisions directly. The same commit read the answers in `testdata/journal_v3.json` from it, and `kas admin
 * activities --records` of this commit printed `testdata/records_v3.jsonl`.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { Inbox } from "../../../../src/autoscaler/store/inbox.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import type { DecisionRecord } from "../../../../src/autoscaler/store/decisions.ts";
import { type Decision, kindOf } from "../../../../src/scaling/model/decision.ts";
import { explain } from "../../../../src/scaling/explain.ts";
import { isObserved } from "../../../../src/scaling/model/observation.ts";
import { instead, replay } from "../../../../src/scaling/replay.ts";
import answers from "./testdata/journal_v3.json" with { type: "json" };
import { withJournal } from "./recorded.ts";

const JOURNAL = new URL("./testdata/journal_v3.db", import.meta.url);

/** The names in a journal of version 3, and the current name of each. */
const WORDS: Readonly<Record<string, string>> = {
  done: "successful",
  resync: "reconcile",
  manual: "operator",
  "looked-at": "rechecked",
  "put-back": "re-registered",
  undone: "rolled-back",
  watched: "alarms-created",
  unwatched: "alarms-deleted",
};

/** Returns a value of the old answers with the current names and keys. */
function renamed(value: unknown): unknown {
  if (typeof value === "string") return WORDS[value] ?? value;
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== "object" || value === null) return value;
  const keys: Readonly<Record<string, string>> = {
    state: "status",
    source: "trigger",
    blame: "quarantine",
    ...WORDS,
  };
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [keys[key] ?? key, renamed(it)]));
}

/** Returns all records, oldest first. */
function records(journal: Journal): DecisionRecord[] {
  const all: DecisionRecord[] = [];
  for (let next = journal.read({ after: 0 }); next !== undefined; next = journal.read({ after: next.id })) {
    all.push(next);
  }
  return all;
}

/** Asserts that a store returns the old answers with the current names. */
function assertSameAnswers(store: Store): void {
  const journal = new Journal(store);
  const { now } = answers;
  assertEquals(
    journal.lines(1_000, now).map(({ reason: _, ...line }) => line),
    renamed(answers.lines) as never,
  );
  const all = records(journal);
  assertEquals(all.map(({ id }) => id), answers.records.map(({ id }) => id));
  for (const [i, record] of all.entries()) {
    const old = answers.records[i];
    assertEquals(record.activities, (old?.activity ? [renamed(old.activity)] : []) as never);
    const { id, time, kas, rules, message, observation, decision } = record;
    assertEquals({ id, time, kas, rules, message }, {
      id: old?.id ?? 0,
      time: old?.time ?? 0,
      kas: old?.kas ?? null,
      rules: old?.rules ?? 0,
      message: old?.message ?? null,
    });
    if (isObserved(observation)) assertEquals(observation.inProgress.length, old?.observed.inProgress);
    const direction = old?.signal.kind ?? "none";
    const at = old?.explain.rules.findIndex(({ passes }) => passes === false) ?? -1;
    // In version 1 one check combined two rules of the candidates. Its name was that of the rule that held the action back.
    const held = at +
      (direction === "in" && (at > 4 || (at === 4 && old?.explain.rules[at]?.rule === "R5")) ? 1 : 0);
    // In version 1 a decision about an outdated notification named no rule.
    const overtaken = !isObserved(observation) && observation.processed !== undefined;
    const expected = outcomeOf(
      old?.decision,
      overtaken ? ["not-newest"] : held < 0 ? [] : CHECKS[direction]?.slice(held, held + 1) ?? [],
    );
    assertEquals(outcome(decision), expected, `decision ${id}`);
    assertEquals(journal.checks(id), decision.checks);
    const replayed = replay(record);
    if (STALE.has(id)) {
      assertEquals([replayed.same, replayed.decision.checks], [false, ["projected-load"]], `decision ${id}`);
      continue;
    }
    if (record.trigger.kind === "operator" && decision.checks.includes("cooldown")) {
      // In version 1, a command of an operator waited for the cooldown.
      assertEquals([replayed.same, replayed.rulesChanged], [false, true], `decision ${id}`);
      assertNotEquals(replayed.decision.checks, ["cooldown"]);
      continue;
    }
    assertEquals([replayed.same, outcome(replayed.decision)], [true, expected], `decision ${id}`);
    const other = instead(record, { max: 2, cooldownIn: 3_000 });
    assertEquals([other.differs, kindOf(other.decision)], [
      old?.instead.differs ?? false,
      old?.instead.decision.kind,
    ]);
    const { lists: [{ checks = [] } = {}] } = explain(record.trigger, observation);
    // In version 1 a separate check, the third one, was for the warm-up of the alarm's instance.
    const without = direction === "in" && held > 2 ? held - 1 : held;
    // Version 1 had no check `paused`, which is the second one.
    const today = without > 0 ? without + 1 : without;
    assertEquals(checks.map(({ status }) => status).indexOf("held"), today);
  }
  assertEquals(journal.unfinished(), renamed(answers.unfinished) as never);
  assertEquals(journal.inProgress(), answers.underWay as never);
  assertEquals(journal.history(now), answers.history);
  for (const [alarm, newest] of Object.entries(answers.newest)) {
    const { changed, source } = newest;
    assertEquals(journal.newestChange(alarm), { at: changed, by: renamed(source) } as never);
  }
  assertEquals(new Inbox(store).waiting(), answers.waiting);
}

/** The checks in the current order. In version 1 of the rules, one check combined R8 and R5 of the candidates. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  out: ["not-newest", "cooldown", "max-capacity", "no-standby"],
  in: [
    "not-newest",
    "out-beats-in",
    "warm-up",
    "cooldown",
    "no-candidate",
    "warm-up",
    "min-capacity",
    "projected-load",
  ],
};

/** The ids of the scale-ins of version 1 that depended on CPU datapoints from before the last change of capacity. */
const STALE: ReadonlySet<number> = new Set([34, 35, 37, 39, 40, 51]);

/** Returns the actions of a decision of version 1 of the rules, with the checks that hold back. */
function outcomeOf(decision: object | undefined, checks: readonly string[]): object {
  const { rules: _, reason: __, ...action } = decision as { readonly kind: string } & Record<string, unknown>;
  return { actions: action.kind === "none" ? [] : [action], checks };
}

function outcome({ actions, checks }: Decision): object {
  return { actions, checks };
}

Deno.test("Store.read() reads a journal with schema version 3 like the version that wrote it, and writes nothing", () =>
  withJournal(JOURNAL, (folder) => {
    const before = Deno.readFileSync(`${folder}/kas.db`);
    {
      using store = Store.read(folder);
      assertSameAnswers(store);
    }
    assertEquals(Deno.readFileSync(`${folder}/kas.db`), before);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["kas.db"]);
  }));

Deno.test("Store.open() migrates a journal with schema version 3, without changing its content", () =>
  withJournal(JOURNAL, (folder) => {
    {
      using store = Store.open(folder);
      assertSameAnswers(store);
    }
    using store = Store.read(folder);
    assertSameAnswers(store);
  }));

Deno.test("Store.open() gives a migrated journal the same tables as a new journal", () =>
  withJournal(JOURNAL, (folder) => {
    /** Returns the tables and indexes with their columns. */
    const schema = ({ db }: Store) =>
      db.prepare(
        "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
      ).all()
        .map(({ type, name, tbl_name }) => ({
          type,
          name,
          tbl_name,
          columns: db.prepare(`PRAGMA ${type}_xinfo(${name})`).all().map((column) => ({
            ...column,
          })),
        }));
    using migrated = Store.open(folder);
    using fresh = Store.memory();
    assertEquals(schema(migrated), schema(fresh));
  }));
