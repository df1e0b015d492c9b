import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { pack } from "../../../../src/autoscaler/store/sqlite/database.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { UnusableError } from "../../../../src/autoscaler/store/folder/unusable.ts";
import { decide } from "../../../../src/scaling/decide.ts";
import type { Version1Record } from "../../../../src/scaling/records/version_1.ts";
import { replay } from "../../../../src/scaling/replay.ts";
import { begin, decisionOf } from "../../../support/decisions.ts";
import { NOW, OBSERVATION, OUT } from "../../scaling/fixtures.ts";

const SCHEMA_2 = new URL("./testdata/schema_2.sql", import.meta.url);
const SCHEMA_1 = new URL("./testdata/schema_1.sql", import.meta.url);

/** Returns the record that version 1 of the rules made of a start, with the trigger OUT and the observation FACTS. */
const FIRST = firstRecord();

function firstRecord(): Version1Record {
  const { inProgress, ...facts } = OBSERVATION;
  const { actions: [start], reason } = decide(OUT, OBSERVATION);
  assert(start !== undefined);
  return {
    signal: { kind: "out", source: "notification", alarm: OUT.alarm },
    facts: { ...facts, underWay: inProgress },
    decision: { ...start, reason, rules: ["R7"] },
  };
}

/** Creates a state folder with a journal of schema version 1. */
async function first(folder: string): Promise<void> {
  using db = new DatabaseSync(`${folder}/kas.db`);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec(await Deno.readTextFile(SCHEMA_1));
  const decide_ = db.prepare(
    `INSERT INTO decisions (time, source, message, notified, kind, instance, reason, signal, facts, decision, times, last)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const start = [FIRST.signal, FIRST.facts, FIRST.decision].map((it) => JSON.stringify(it)) as [
    string,
    string,
    string,
  ];
  const none = [
    JSON.stringify({ kind: "none", source: "resync", why: "quiet" }),
    JSON.stringify(FIRST.facts),
    JSON.stringify({ kind: "none", reason: "quiet", rules: [] }),
  ] as const;
  decide_.run(NOW, "notification", "m", NOW - 5, "start", "n4", FIRST.decision.reason, ...start, 1, NOW);
  decide_.run(NOW + 1, "resync", null, null, "none", null, "quiet", ...none, 7, NOW + 9);
  db.exec(`
    INSERT INTO activities (decision, kind, instance, remaining, began, state, reason)
    VALUES (1, 'start', 'n4', '["n3"]', ${NOW}, 'in-progress', 'busy');
    INSERT INTO steps (activity, instance, step, began, ended) VALUES (1, 'n4', 'started', ${NOW}, ${
    NOW + 3
  });
    INSERT INTO messages (id, kind, body, received, due) VALUES ('w', 'notification', '{}', 1, 1);
    INSERT INTO newest VALUES ('kas:cpuhigh:n1', 7, 'resync');
    INSERT INTO in_service (instance, since) VALUES ('n1', 8)`);
}

Deno.test("Store.open() migrates a journal of version 2 with its activities", () =>
  withFolder(async (folder) => {
    {
      using db = new DatabaseSync(`${folder}/kas.db`);
      db.exec("PRAGMA journal_mode = WAL");
      db.exec(await Deno.readTextFile(SCHEMA_2));
      const decision = JSON.stringify(FIRST.decision);
      db.prepare(
        `INSERT INTO decisions (time, source, kind, instance, reason, rules, signal, decision, facts)
         VALUES (?, 'notification', 'start', 'n4', 'busy', 1, ?, ?, ?)`,
      ).run(NOW, JSON.stringify(FIRST.signal), decision, pack(JSON.stringify(FIRST.facts)));
      db.exec(`
        INSERT INTO activities (id, decision, kind, instance, remaining, began, state, reason)
        VALUES (7, 1, 'start', 'n4', '["n3"]', ${NOW}, 'in-progress', 'busy');
        INSERT INTO steps (activity, instance, step, began, cause, blame)
        VALUES (7, 'n4', 'undone', ${NOW}, 'it broke', 1)`);
    }
    // A command can read the journal before an autoscaler has migrated it.
    {
      using state = Store.read(folder);
      assertEquals(new Journal(state).steps(7).map(({ step }) => step), ["rolled-back"]);
    }
    using state = Store.open(folder);
    const journal = new Journal(state);
    const [activity] = journal.unfinished();
    assertEquals([activity?.id, activity?.kind, activity?.instance, activity?.remaining], [7, "start", "n4", [
      "n3",
    ]]);
    assertEquals(journal.steps(7), [
      { step: "rolled-back", instance: "n4", began: NOW, cause: { reason: "it broke", quarantine: true } },
    ]);
    const record = journal.read({ id: 1 });
    assert(record && replay(record).same);
    // New rows get the next ids, and references to the old rows are valid.
    const decision = decisionOf({ kind: "launch", template: "kas-node" });
    assertEquals(
      begin(journal, { trigger: OUT, observation: OBSERVATION, decision, dryRun: false }).id,
      8,
    );
    state.db.exec("DELETE FROM decisions WHERE id = 1");
    assertEquals(journal.steps(7), []);
  }));

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Store.open() migrates a journal of version 1 with its activities in progress, and kas can replay its decisions", () =>
  withFolder(async (folder) => {
    await first(folder);
    assertThrows(() => Store.read(folder), UnusableError, "its schema version is 1");
    {
      using state = Store.open(folder);
      const journal = new Journal(state);
      assertEquals(journal.unfinished().map(({ instance, remaining }) => [instance, remaining]), [["n4", [
        "n3",
      ]]]);
      assertEquals(journal.steps(1), [{ step: "started", instance: "n4", began: NOW, ended: NOW + 3 }]);
      assertEquals(journal.newestChange("kas:cpuhigh:n1"), { at: 7, by: "reconcile" });
      assertEquals(journal.history(NOW), { lastOut: NOW, inServiceSince: { n1: 8 } });
      assertEquals(state.db.prepare("SELECT count(*) AS n FROM messages").get()?.n, 1);

      const start = journal.read({ id: 1 });
      assertEquals([start?.kas, start?.observation, start?.message], [null, OBSERVATION, {
        id: "m",
        received: NOW - 5,
      }]);
      assert(start && replay(start).same);
      assertEquals(journal.read({ id: 2 })?.decision.reason, "quiet");
      assertEquals(journal.read({ id: 3 }), undefined);

      // New rows get the next ids, and references to the old rows are valid.
      journal.record({
        trigger: OUT,
        observation: OBSERVATION,
        decision: decide(OUT, OBSERVATION),
        dryRun: true,
      });
      assertEquals(journal.read({ last: true })?.id, 3);
      assertThrows(() =>
        state.db.exec(
          "INSERT INTO activities SELECT 9, 99, kind, instance, remaining, began, ended, status, reason FROM activities",
        )
      );
    }
    Store.open(folder)[Symbol.dispose]();
    using state = Store.read(folder);
    assertEquals(new Journal(state).lines(9, NOW).map(({ id, times }) => [id, times]), [[3, 1], [2, 1], [
      1,
      1,
    ]]);
  }));

Deno.test("Store.open() changes nothing if a migration fails", () =>
  withFolder(async (folder) => {
    await first(folder);
    {
      using db = new DatabaseSync(`${folder}/kas.db`);
      db.exec("CREATE TABLE decisions_time (taken TEXT)");
    }
    assertThrows(() => Store.open(folder), UnusableError, "already");
    using db = new DatabaseSync(`${folder}/kas.db`);
    assertEquals(db.prepare("PRAGMA user_version").get()?.user_version, 1);
    assertEquals(db.prepare("SELECT count(*) AS n FROM decisions").get()?.n, 2);
    assertEquals(db.prepare("SELECT count(*) AS n FROM activities").get()?.n, 1);
  }));
