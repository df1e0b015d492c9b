import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { DecisionQuery, NewDecision } from "../../../../src/autoscaler/store/decisions.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import type { JournalLine } from "../../../../src/autoscaler/store/lines.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import type { StepName } from "../../../../src/autoscaler/store/names.ts";
import type { Trigger } from "../../../../src/scaling/model/trigger.ts";
import { type Decision, RULES_VERSION } from "../../../../src/scaling/model/decision.ts";
import { decide } from "../../../../src/scaling/decide.ts";
import { replay } from "../../../../src/scaling/replay.ts";
import { begin, decisionOf, NO_ACTION, starting } from "../../../support/decisions.ts";
import { instance, NOW, OBSERVATION, stopped } from "../../scaling/fixtures.ts";
import * as random from "../../scaling/random.ts";

const OUT: Trigger = { kind: "operator", direction: "out" };
const START = decisionOf(starting("n3", ["n4", "n5"]));
const STOP = decisionOf({ kind: "stop", instance: "n1" });
const LAUNCH = decisionOf({ kind: "launch", template: "kas-node:2" });
const RECONCILE: Trigger = { kind: "reconcile" };

/** Returns a decision that kas made some ms after NOW. */
function made(decision: Decision, after: number, more: Partial<NewDecision>): NewDecision {
  return {
    trigger: OUT,
    observation: { ...OBSERVATION, now: NOW + after },
    decision,
    dryRun: false,
    ...more,
  };
}

/** Records a decision that kas made some ms after NOW. */
function record(journal: Journal, decision: Decision, after = 0, more: Partial<NewDecision> = {}) {
  return journal.record(made(decision, after, more));
}

/** Records a decision with one action. Returns its activity. */
function recordOne(journal: Journal, decision: Decision, after = 0, more: Partial<NewDecision> = {}) {
  return begin(journal, made(decision, after, more));
}

function open(): { state: Store; journal: Journal; [Symbol.dispose](): void } {
  const state = Store.memory();
  return { state, journal: new Journal(state), [Symbol.dispose]: () => state[Symbol.dispose]() };
}

Deno.test("Journal.read() returns a record with all inputs of the decision (R16)", () => {
  using it = open();
  const decision = decide(OUT, OBSERVATION);
  record(it.journal, decision, 0, { message: { id: "m", received: NOW - 5 } });
  const found = it.journal.read({ last: true });
  assertEquals(
    [found?.id, found?.time, found?.message, found?.rules],
    [1, NOW, { id: "m", received: NOW - 5 }, RULES_VERSION],
  );
  assertMatch(found?.kas ?? "", /^\d+\.\d+\.\d+/);
  assertEquals([found?.trigger, found?.observation, found?.decision], [OUT, OBSERVATION, decision]);
  assertEquals(found?.activities.map(({ instance, steps }) => [instance, steps]), [["n4", []]]);
});

Deno.test("R16: replaying the records of random decisions produces the same bytes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using state = Store.open(folder);
      const journal = new Journal(state);
      // Use one transaction for all records, because 500 syncs would be slow.
      state.transaction(() =>
        fc.assert(
          fc.property(random.trigger, random.observation, (trigger, observation) => {
            journal.record({
              trigger,
              observation,
              decision: decide(trigger, observation),
              dryRun: true,
            });
          }),
          { numRuns: 500 },
        )
      );
    }
    using state = Store.read(folder);
    const journal = new Journal(state);
    let count = 0;
    for (let next = journal.read({ after: 0 }); next !== undefined; next = journal.read({ after: next.id })) {
      const stored = state.db.prepare("SELECT decision FROM decisions WHERE id = ?").get(next.id)?.decision;
      assertEquals([replay(next).same, JSON.stringify(next.decision)], [true, stored]);
      // A record that was exported as JSON gives the same decision.
      assert(replay(JSON.parse(JSON.stringify(next))).same);
      count++;
    }
    assertEquals(count, 500);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Journal.read() finds a decision by id, the next decision after an id, and the last decision at a time", () => {
  using it = open();
  for (const after of [0, 10, 20]) record(it.journal, NO_ACTION, after);
  const id = (query: DecisionQuery) => it.journal.read(query)?.id;
  assertEquals([id({ id: 2 }), id({ id: 4 })], [2, undefined]);
  assertEquals([id({ after: 0 }), id({ after: 2 }), id({ after: 3 })], [1, 3, undefined]);
  assertEquals([id({ at: NOW + 19 }), id({ at: NOW + 99 }), id({ at: NOW - 1 })], [2, 3, undefined]);
});

Deno.test("Journal.read() throws an error that contains the id of a damaged record", () => {
  using it = open();
  record(it.journal, NO_ACTION);
  it.state.db.exec("UPDATE decisions SET observation = substr(observation, 1, length(observation) - 9)");
  assertThrows(() => it.journal.read({ id: 1 }), Error, "decision 1");
});

Deno.test("Journal.record() begins an activity for an action, but not for a dry run or a decision without an action", () => {
  using it = open();
  const { kind, instance, remaining } = recordOne(it.journal, START);
  assertEquals([kind, instance, remaining], ["start", "n3", ["n4", "n5"]]);
  assertEquals(record(it.journal, NO_ACTION), []);
  assertEquals(record(it.journal, STOP, 1, { dryRun: true }), []);
  assertEquals(it.journal.inProgress(), [{ kind: "start", instance: "n3", since: NOW }]);
  assertEquals(it.journal.lines(9, NOW).map(({ kind, status }) => [kind, status]), [
    ["stop", "dry-run"],
    ["none", null],
    ["start", "in-progress"],
  ]);
});

Deno.test("Journal.record() begins an activity for each action of a decision, in order, and lines() returns a line for each", () => {
  using it = open();
  const both = decisionOf(starting("n3", ["n5"]), starting("n4", ["n5"]));
  const activities = record(it.journal, both);
  assertEquals(activities.map(({ instance }) => instance), ["n3", "n4"]);
  const [first, second] = activities;
  assertEquals(it.journal.read({ last: true })?.activities.map(({ id }) => id), [first?.id, second?.id]);
  assertEquals(it.journal.lines(9, NOW).map(({ instance }) => instance), ["n4", "n3"]);
  // Both starts have the candidate n5, and only one of them can use it.
  assertEquals(first && it.journal.nextCandidate(first)?.instance, "n5");
  assertEquals(second && it.journal.nextCandidate(second), undefined);
});

Deno.test("Journal.record() stores each of several equal consecutive reconciles, and lines() returns one line for them (I8)", () => {
  using it = open();
  const reconcile = (reason: string, after: number) =>
    record(it.journal, { ...NO_ACTION, reason }, after, { trigger: RECONCILE });
  reconcile("idle", 0);
  reconcile("idle", 60_000);
  reconcile("idle", 61_000);
  record(it.journal, NO_ACTION, 62_000);
  reconcile("idle", 120_000);
  reconcile("at max", 180_000);
  assertEquals(
    it.journal.lines(9, NOW).map((
      { id, reason, times, time },
    ) => [id, reason, times, Date.parse(time) - NOW]),
    [
      [6, "at max", 1, 180_000],
      [5, "idle", 1, 120_000],
      [4, "all is well", 1, 62_000],
      [1, "idle", 3, 61_000],
    ],
  );
  assertEquals(it.journal.read({ id: 2 })?.observation.now, NOW + 60_000);
});

Deno.test("after Journal.prune(), a run of equal reconciles begins with the oldest remaining record", () => {
  using it = open();
  const day = 24 * 3_600_000;
  for (const after of [0, 2 * day, 3 * day, 4 * day]) {
    record(it.journal, NO_ACTION, after, { trigger: RECONCILE });
  }
  it.journal.prune(NOW + 91 * day);
  const line = ({ id, times, time }: JournalLine) => [id, times, Date.parse(time) - NOW];
  assertEquals(it.journal.lines(9, NOW).map(line), [[2, 3, 4 * day]]);
  record(it.journal, NO_ACTION, 5 * day, { trigger: RECONCILE });
  assertEquals(it.journal.lines(9, NOW).map(line), [[2, 4, 5 * day]]);
  it.journal.prune(NOW + 94.5 * day);
  assertEquals(it.journal.lines(9, NOW).map(line), [[5, 1, 5 * day]]);
});

Deno.test("Journal.noteStep() adds a phase after the end of an activity (R17)", () => {
  using it = open();
  const activity = recordOne(it.journal, START);
  it.journal.end(activity, "successful", "busy", NOW + 30);
  it.journal.noteStep(activity.id, {
    step: "first-request",
    instance: "n3",
    began: NOW + 20,
    ended: NOW + 50,
  });
  const [line] = it.journal.lines(1, NOW);
  assertEquals([line?.seconds, Date.parse(line?.phases["first-request"] ?? "") - NOW], [0.03, 50]);
  assertEquals(it.journal.unfinished(), []);
});

Deno.test("Journal.nextCandidate() skips candidates that are in use by other activities (R7)", () => {
  using it = open();
  const first = recordOne(it.journal, START);
  record(it.journal, decisionOf(starting("n4")));
  const next = it.journal.nextCandidate(first);
  assertEquals([next?.instance, next?.remaining], ["n5", []]);
  assertEquals(next && it.journal.nextCandidate(next), undefined);
  assertEquals(it.journal.inProgress().map(({ instance }) => instance), ["n5", "n4"]);
});

Deno.test("Journal.step() records a step before kas takes the step, and records the end of the step", async () => {
  using it = open();
  const id = recordOne(it.journal, START).id;
  const stop = new AbortController();
  let now = NOW;
  const step = (name: StepName, take: () => Promise<void>) =>
    it.journal.step(id, "n3", name, { now: () => now++, signal: stop.signal, take }).catch(() => {});
  await step("started", () => {
    assertEquals(it.journal.steps(id), [{ step: "started", instance: "n3", began: NOW }]);
    return Promise.resolve();
  });
  await step("running", () => Promise.reject(new Error("no capacity")));
  await step("healthy", () => {
    stop.abort();
    return Promise.reject(stop.signal.reason);
  });
  assertEquals(it.journal.steps(id), [
    { step: "started", instance: "n3", began: NOW, ended: NOW + 1 },
    { step: "running", instance: "n3", began: NOW + 2, ended: NOW + 3, failure: "no capacity" },
    { step: "healthy", instance: "n3", began: NOW + 4 },
  ]);
});

Deno.test("Journal.lines() contains the end of each phase, beginning with the breach (R17)", async () => {
  using it = open();
  const alarm = {
    fleet: "kas",
    kind: "cpuhigh",
    dimension: "base",
    from: "OK",
    to: "ALARM",
    at: NOW - 20,
  } as const;
  const activity = recordOne(it.journal, START, 0, {
    trigger: { kind: "notification", alarm },
    message: { id: "m", received: NOW - 10 },
  });
  const times = { now: () => NOW + 5, signal: new AbortController().signal, take: () => Promise.resolve() };
  await it.journal.step(activity.id, "n3", "started", times);
  it.journal.end(activity, "successful", "busy", NOW + 30);
  const [line] = it.journal.lines(1, NOW);
  assertEquals(line?.seconds, 0.03);
  assertEquals(
    Object.entries(line?.phases ?? {}).map(([phase, at]) => [phase, Date.parse(at) - NOW]),
    [["breach", -20], ["notified", -10], ["decided", 0], ["started", 5]],
  );
});

Deno.test("Journal.history() contains the last decisions to scale out and to scale in", () => {
  using it = open();
  assertEquals(it.journal.history(NOW), { inServiceSince: {} });
  record(it.journal, START, 1);
  record(it.journal, STOP, 2);
  record(it.journal, NO_ACTION, 3);
  assertEquals(it.journal.history(NOW), { lastOut: NOW + 1, lastIn: NOW + 2, inServiceSince: {} });
});

Deno.test("Journal.history() counts launches and terminations", () => {
  using it = open();
  record(it.journal, LAUNCH, 1);
  record(it.journal, decisionOf({ kind: "terminate", instance: "n1" }), 2);
  assertEquals(it.journal.history(NOW), { lastOut: NOW + 1, lastIn: NOW + 2, inServiceSince: {} });
});

Deno.test("Journal.history() contains the time since which launches fail, until a launch succeeds or an hour has passed (R7)", () => {
  using it = open();
  const launched = (state: "failed" | "successful", after: number) => {
    it.journal.end(recordOne(it.journal, LAUNCH, after), state, "so", NOW + after);
  };
  const failing = (now: number) => it.journal.history(NOW + now).launchesFail;
  launched("failed", 1_000);
  assertEquals(failing(2_000), { since: NOW + 1_000, last: NOW + 1_000 });
  launched("failed", 9_000);
  assertEquals(failing(9_000), { since: NOW + 1_000, last: NOW + 9_000 });
  assertEquals(failing(3_602_000), { since: NOW + 9_000, last: NOW + 9_000 });
  assertEquals(failing(3_609_000), undefined);
  launched("successful", 10_000);
  assertEquals(failing(10_000), undefined);
  launched("failed", 12_000);
  assertEquals(failing(12_000), { since: NOW + 12_000, last: NOW + 12_000 });
});

Deno.test("Journal.launch() records the instance when EC2 has answered, and not earlier", async () => {
  using it = open();
  const activity = recordOne(it.journal, LAUNCH);
  assertEquals([activity.instance, activity.template], [undefined, "kas-node:2"]);
  const signal = new AbortController().signal;
  const now = () => NOW + 5;
  const broken = it.journal.launch(activity, { now, signal, take: () => Promise.reject(new Error("no")) });
  await assertRejects(() => broken, Error, "no");
  const take = () => {
    assertEquals(it.journal.inProgress(), [{ kind: "launch", since: NOW }]);
    return Promise.resolve({ id: "n9" });
  };
  await it.journal.launch(activity, { now, signal, take });
  assertEquals(it.journal.inProgress(), [{ kind: "launch", instance: "n9", since: NOW }]);
  assertEquals(it.journal.steps(activity.id), [
    { step: "launched", began: NOW + 5, ended: NOW + 5, failure: "no" },
    { step: "launched", instance: "n9", began: NOW + 5, ended: NOW + 5 },
  ]);
  const [line] = it.journal.lines(1, NOW);
  assertEquals([line?.kind, line?.instance, Object.keys(line?.phases ?? {})], ["launch", "n9", [
    "decided",
    "launched",
  ]]);
});

Deno.test("Journal.noteInService() counts the time in service of a new instance from its launch, and of a known instance from the change", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using state = Store.open(folder);
      const journal = new Journal(state);
      journal.noteInService([instance("old", { launched: NOW - 9_000 }), stopped("new")], NOW);
      journal.noteInService([instance("old"), instance("new")], NOW + 1);
      journal.noteInService([instance("old"), instance("new")], NOW + 2);
      assertEquals(journal.history(NOW).inServiceSince, { new: NOW + 1, old: NOW - 9_000 });
    }
    using state = Store.open(folder);
    const journal = new Journal(state);
    assertEquals(journal.history(NOW).inServiceSince, { new: NOW + 1, old: NOW - 9_000 });
    journal.noteInService([instance("old", { registration: "draining" }), instance("new")], NOW + 3);
    assertEquals(journal.history(NOW).inServiceSince, { new: NOW + 1 });
    // The fleet has neither of them any more.
    journal.noteInService([], NOW + 4);
    assertEquals(journal.history(NOW).inServiceSince, {});
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Journal.history() contains the times at which an observation showed an instance entering or leaving service", () => {
  using it = open();
  const changed = () => it.journal.history(NOW).capacityChanged;
  it.journal.noteInService([instance("n1"), stopped("n2")], NOW);
  assertEquals(changed(), undefined);
  it.journal.noteInService([instance("n1"), instance("n2")], NOW + 1);
  assertEquals(changed(), NOW + 1);
  it.journal.noteInService([instance("n1"), instance("n2")], NOW + 2);
  assertEquals(changed(), NOW + 1);
  it.journal.noteInService([instance("n1", { registration: "out-of-service" }), instance("n2")], NOW + 3);
  assertEquals(changed(), NOW + 3);
  it.journal.noteInService([instance("n1"), instance("n2"), instance("n9")], NOW + 4);
  assertEquals(changed(), NOW + 4);
});

Deno.test("Journal.prune() deletes records after 90 days, except activities in progress and the last start and stop", () => {
  using it = open();
  const first = recordOne(it.journal, START);
  record(it.journal, NO_ACTION);
  record(it.journal, STOP);
  record(it.journal, START, 1);
  const ended = recordOne(it.journal, START, 2);
  it.journal.end(ended, "successful", "", NOW + 3);
  it.journal.prune(NOW + 91 * 24 * 3_600_000);
  assertEquals(it.journal.lines(9, NOW).map(({ kind }) => kind), ["start", "start", "stop", "start"]);
  it.journal.end(first, "successful", "", NOW + 4);
  it.journal.prune(NOW + 91 * 24 * 3_600_000);
  assertEquals(it.journal.lines(9, NOW).map(({ kind }) => kind), ["start", "start", "stop"]);
});

Deno.test("Journal.prune() deletes the oldest records above the size limit, except activities in progress", () => {
  using state = Store.memory();
  const largest = 512 * 1_024;
  const journal = new Journal(state, largest);
  record(journal, START);
  const random = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(6_000))));
  for (let n = 1; n <= 200; n++) record(journal, { ...NO_ACTION, reason: random() }, n);
  assert(state.size() > 2 * largest);
  journal.prune(NOW + 1_000);
  assert(state.size() <= largest, `${state.size()} bytes are left`);
  const left = journal.lines(300, NOW).map(({ id }) => id);
  // The journal keeps the newest records without a gap, and the start in progress.
  assert(left.length > 20);
  assertEquals(left, [...Array.from({ length: left.length - 1 }, (_, i) => 201 - i), 1]);
});

Deno.test("Journal.noteProcessed() keeps the newest change of each alarm with its first trigger", () => {
  using it = open();
  const change = (at: number) =>
    ({ fleet: "kas", kind: "cpuhigh", dimension: "base", from: "OK", to: "ALARM", at }) as const;
  it.journal.noteProcessed("a", change(5), "reconcile");
  it.journal.noteProcessed("a", change(5), "notification");
  it.journal.noteProcessed("a", change(4), "notification");
  assertEquals(it.journal.newestChange("a"), { at: 5, by: "reconcile" });
  assertEquals(it.journal.newestChange("b"), undefined);
});
