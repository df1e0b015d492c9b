import { assert, assertEquals, assertThrows } from "@std/assert";
import { Inbox } from "../../../../src/autoscaler/store/inbox.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { phaseTable } from "../../../../src/autoscaler/store/phases.ts";
import { DamagedRowError } from "../../../../src/autoscaler/store/sqlite/rows.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { begin, decisionOf, NO_ACTION, starting } from "../../../support/decisions.ts";
import { NOW, OBSERVATION } from "../../scaling/fixtures.ts";

/** Two starts and a stop. */
const DECISIONS = [
  decisionOf(starting("n3", ["n3", "n4"])),
  decisionOf(starting("n4", ["n3", "n4"])),
  decisionOf({ kind: "stop", instance: "n1" }),
];

/** An integer that a number cannot represent exactly, and that is not a valid time. */
const HUGE = "9007199254740993";

/**
 * Opens a journal with three starts, of which two are in progress, a processed alarm change, and two messages. `damages` has
 * the reports.
 */
function filled() {
  const state = Store.memory();
  const damages: string[] = [];
  state.db.onDamage = (row) => damages.push(row);
  const journal = new Journal(state);
  const inbox = new Inbox(state);
  for (const [n, decision] of DECISIONS.entries()) {
    const activity = begin(journal, {
      trigger: { kind: "operator", direction: "out" },
      observation: { ...OBSERVATION, now: NOW + n },
      decision,
      dryRun: false,
      message: { id: `m${n}`, received: NOW + n },
    });
    journal.noteStep(activity.id, { step: "running", instance: "n3", began: NOW + n, ended: NOW + n + 1 });
    if (n === 0) journal.end(activity, "successful", "done", NOW + 1);
  }
  journal.noteProcessed("alarm", { from: "OK", to: "ALARM", at: NOW } as never, "notification");
  state.db.exec(`INSERT INTO in_service VALUES ('n1', ${NOW}), ('n2', ${NOW})`);
  for (const id of ["first", "second"]) inbox.add(id, { kind: "notification", body: "{}", sent: NOW }, NOW);
  return { state, journal, inbox, damages, [Symbol.dispose]: () => state[Symbol.dispose]() };
}

/** Reads all that the service, its pages and the commands read from the journal. */
function readAll({ state, inbox }: ReturnType<typeof filled>) {
  const journal = new Journal(state);
  const lines = journal.lines(100, NOW);
  const records: number[] = [];
  for (let next = journal.read({ after: 0 }); next !== undefined; next = journal.read({ after: next.id })) {
    records.push(next.id);
  }
  journal.read({ last: true });
  journal.read({ at: NOW + 9 });
  phaseTable(lines);
  journal.damaged();
  journal.leaving();
  journal.inProgress();
  const history = journal.history(NOW + 10);
  inbox.oldest();
  inbox.dueIn("notification", NOW);
  return {
    lines: lines.map(({ id }) => id),
    checks: lines.map(({ id }) => journal.checks(id)).length,
    records,
    unfinished: journal.unfinished().map(({ id }) => id),
    steps: [1, 2, 3].flatMap((id) => journal.steps(id)).length,
    message: inbox.next("notification", NOW)?.id,
    inService: Object.keys(history.inServiceSince),
    lastOut: history.lastOut,
  };
}

const SOUND = {
  lines: [3, 2, 1],
  checks: 3,
  records: [1, 2, 3],
  unfinished: [2, 3],
  steps: 3,
  message: "first",
  inService: ["n1", "n2", "n3"],
  lastOut: NOW + 1,
};

Deno.test("kas reports no damage of a journal that is not damaged", () => {
  using it = filled();
  assertEquals([readAll(it), it.damages], [SOUND, []]);
});

/** An SQL statement that damages a row, the name of the row in the report, and what kas reads instead of {@linkcode SOUND}. */
const DAMAGES: readonly [damage: string, row: string, missing: Partial<typeof SOUND>][] = [
  ["decisions SET trigger_json = '{' WHERE id = 2", "decision 2", { records: [1, 3] }],
  ["decisions SET decision = 'nonsense' WHERE id = 2", "decision 2", { records: [1, 3] }],
  ["decisions SET decision = '[]' WHERE id = 2", "decision 2", { records: [1, 3] }],
  [`decisions SET decision = '{"actions":[],"checks":5}' WHERE id = 2`, "decision 2", {}],
  [`decisions SET decision = '{"kind":"start","checks":[]}' WHERE id = 2`, "decision 2", { records: [1, 3] }],
  ["decisions SET observation = x'00' WHERE id = 2", "decision 2", { records: [1, 3] }],
  ["decisions SET trigger_kind = '' WHERE id = 2", "decision 2", { lines: [3, 1], checks: 2 }],
  [`decisions SET time = ${HUGE} WHERE id = 2`, "decision 2", {
    lines: [3, 1],
    checks: 2,
    records: [1, 3],
  }],
  [`decisions SET received = ${HUGE} WHERE id = 2`, "decision 2", { records: [1, 3] }],
  [`decisions SET rules = ${HUGE} WHERE id = 2`, "decision 2", { records: [1, 3] }],
  ["activities SET kind = 'x' WHERE id = 2", "activity 2", {
    records: [1, 3],
    unfinished: [3],
    lastOut: NOW,
  }],
  ["activities SET remaining = '{' WHERE id = 2", "activity 2", {}],
  ["activities SET remaining = '[5]' WHERE id = 2", "activity 2", {}],
  [`activities SET began = ${HUGE} WHERE id = 2`, "activity 2", {
    lines: [3, 1],
    checks: 2,
    records: [1, 3],
    unfinished: [3],
    lastOut: NOW,
  }],
  ["activities SET status = 'x' WHERE id = 2", "activity 2", {
    lines: [3, 1],
    checks: 2,
    records: [1, 3],
    unfinished: [3],
  }],
  ["steps SET step = 'x' WHERE activity = 2", "step 2", { steps: 2 }],
  [`steps SET began = ${HUGE} WHERE activity = 2`, "step 2", { steps: 2 }],
  [`messages SET received = ${HUGE} WHERE id = 'first'`, "message first", { message: "second" }],
  [`messages SET sent = -${HUGE} WHERE id = 'first'`, "message first", { message: "second" }],
  [`messages SET attempts = ${HUGE} WHERE id = 'first'`, "message first", { message: "second" }],
  ["messages SET body = NULL WHERE id = 'first'", "message first", { message: "second" }],
  [`in_service SET since = ${HUGE} WHERE instance = 'n2'`, "in_service n2", { inService: ["n1", "n3"] }],
];

for (const [damage, row, missing] of DAMAGES) {
  Deno.test(`after UPDATE ${damage}, kas reads all other rows of the journal, and reports the damage once`, () => {
    using it = filled();
    it.state.db.exec(`UPDATE ${damage}`);
    assertEquals(readAll(it), { ...SOUND, ...missing });
    readAll(it);
    assertEquals(it.damages.filter((name) => name === row), [row]);
  });
}

Deno.test("Journal.lines() leaves out a decision without an action whose kind is damaged, and reports the damage", () => {
  using it = filled();
  it.journal.record({
    trigger: { kind: "reconcile" },
    observation: OBSERVATION,
    decision: NO_ACTION,
    dryRun: false,
  });
  it.state.db.exec("UPDATE decisions SET kind = 'launched' WHERE id = 4");
  assertEquals([readAll(it), it.damages], [{ ...SOUND, records: [1, 2, 3, 4] }, ["decision 4"]]);
});

Deno.test("Journal.read() by id throws an error for a damaged record, and by time or as the last one returns an earlier record", () => {
  using it = filled();
  it.state.db.exec("UPDATE decisions SET observation = x'00' WHERE id > 1");
  assertThrows(() => it.journal.read({ id: 3 }), DamagedRowError, "decision 3");
  assertEquals(it.journal.read({ last: true })?.id, 1);
  assertEquals(it.journal.read({ at: NOW + 9 })?.id, 1);
  assertEquals(it.journal.read({ after: 1 }), undefined);
});

Deno.test("if the record of a processed change is damaged, the next change counts as new and replaces it", () => {
  using it = filled();
  for (const damage of [`changed = ${HUGE}`, "trigger_kind = 'x'"]) {
    it.state.db.exec(`UPDATE newest_changes SET ${damage}`);
    assertEquals(it.journal.newestChange("alarm"), undefined);
    it.journal.noteProcessed("alarm", { from: "OK", to: "ALARM", at: NOW + 1 } as never, "reconcile");
    it.journal.noteProcessed("alarm", { from: "OK", to: "ALARM", at: NOW + 2 } as never, "reconcile");
    assertEquals(it.journal.newestChange("alarm"), { at: NOW + 2, by: "reconcile" });
    it.state.db.exec("UPDATE newest_changes SET changed = 1");
  }
});

Deno.test("Inbox.prune() deletes a message whose kind is damaged, because no loop would ever process it", () => {
  using it = filled();
  it.state.db.exec("UPDATE messages SET kind = 'x' WHERE id = 'first'");
  it.inbox.prune(NOW);
  assertEquals([it.inbox.waiting(), it.inbox.next("notification", NOW)?.id], [1, "second"]);
});

Deno.test("an activity can be ended and moved to its next candidate while its row is damaged", () => {
  using it = filled();
  const [activity] = it.journal.unfinished();
  assert(activity);
  it.state.db.exec("UPDATE activities SET kind = 'x', remaining = '{' WHERE id = 2");
  const moved = it.journal.nextCandidate({ ...activity, remaining: ["n1", "n5"] });
  assertEquals([moved?.instance, moved?.remaining], ["n5", []]);
  const ended = it.journal.end(activity, "failed", "no more", NOW);
  assertEquals([ended.kind, ended.instance, ended.status], ["start", "n5", "failed"]);
  assertEquals(it.journal.damaged(), []);
});

Deno.test("kas records the next reconcile although the row of the previous one is damaged", () => {
  using it = filled();
  const none = {
    trigger: { kind: "reconcile" },
    observation: OBSERVATION,
    decision: NO_ACTION,
    dryRun: false,
  } as const;
  it.journal.record(none);
  it.state.db.exec(`UPDATE decisions SET repeats = ${HUGE} WHERE id = 4`);
  it.journal.record(none);
  assertEquals(it.journal.lines(1, NOW).map(({ id, times }) => [id, times]), [[5, 1]]);
});
