import { assertEquals } from "@std/assert";
import { Journal, type Made } from "../../src/autoscaler/journal.ts";
import { State } from "../../src/autoscaler/state.ts";
import type { Signal } from "../../src/scaling/alarm.ts";
import { decide, type Decision } from "../../src/scaling/decide.ts";
import { FACTS, instance, NOW, stopped } from "../scaling/fixtures.ts";

const OUT: Signal = { kind: "out", source: "manual" };
const START: Decision = {
  kind: "start",
  instance: "n3",
  candidates: ["n4", "n5"],
  by: "start",
  reason: "busy",
  rules: ["R7"],
};
const STOP: Decision = { kind: "stop", instance: "n1", reason: "idle", rules: ["R8"] };
const NONE: Decision = { kind: "none", reason: "all is well", rules: [] };
const RESYNC: Signal = { kind: "none", source: "resync", why: "all is well" };

/** Records a decision made some ms after NOW. */
function record(journal: Journal, decision: Decision, after = 0, more: Partial<Made> = {}) {
  return journal.record({
    signal: OUT,
    facts: { ...FACTS, now: NOW + after },
    decision,
    dryRun: false,
    ...more,
  });
}

function open(): { state: State; journal: Journal; [Symbol.dispose](): void } {
  const state = State.memory();
  return { state, journal: new Journal(state), [Symbol.dispose]: () => state[Symbol.dispose]() };
}

Deno.test("Journal.record() keeps signal and facts, from which the decision can be made again to the byte (R16)", () => {
  using it = open();
  record(it.journal, decide(OUT, FACTS));
  const row = it.state.db.prepare("SELECT signal, facts, decision FROM decisions").get();
  const again = decide(JSON.parse(String(row?.signal)), JSON.parse(String(row?.facts)));
  assertEquals(JSON.stringify(again), row?.decision);
});

Deno.test("Journal.record() begins an activity for a step, and none for nothing or a dry run", () => {
  using it = open();
  const activity = record(it.journal, START);
  assertEquals([activity?.kind, activity?.instance, activity?.remaining], ["start", "n3", ["n4", "n5"]]);
  assertEquals(record(it.journal, NONE), undefined);
  assertEquals(record(it.journal, STOP, 1, { dryRun: true }), undefined);
  assertEquals(it.journal.underWay(), [{ kind: "start", instance: "n3", since: NOW }]);
  assertEquals(it.journal.lines(9, NOW).map(({ kind, state }) => [kind, state]), [
    ["stop", "dry-run"],
    ["none", null],
    ["start", "in-progress"],
  ]);
});

Deno.test("Journal.record() counts resyncs in a row that come to the same none in one record", () => {
  using it = open();
  const resync = (reason: string, after: number) =>
    record(it.journal, { ...NONE, reason }, after, { signal: RESYNC });
  resync("idle", 0);
  resync("idle", 60_000);
  record(it.journal, NONE, 61_000);
  resync("idle", 120_000);
  resync("at max", 180_000);
  assertEquals(
    it.journal.lines(9, NOW).map(({ reason, times, time }) => [reason, times, Date.parse(time) - NOW]),
    [
      ["at max", 1, 180_000],
      ["idle", 1, 120_000],
      ["all is well", 1, 61_000],
      ["idle", 2, 60_000],
    ],
  );
});

Deno.test("Journal.turn() turns to the next candidate that no other activity is at (R7)", () => {
  using it = open();
  const first = record(it.journal, START);
  record(it.journal, { ...START, instance: "n4", candidates: [] });
  const turned = first && it.journal.turn(first);
  assertEquals([turned?.instance, turned?.remaining], ["n5", []]);
  assertEquals(turned && it.journal.turn(turned), undefined);
  assertEquals(it.journal.underWay().map(({ instance }) => instance), ["n5", "n4"]);
});

Deno.test("Journal.step() is on record before the step is taken, and after it with how it ended", async () => {
  using it = open();
  const id = record(it.journal, START)?.id ?? 0;
  const stop = new AbortController();
  let now = NOW;
  const step = (name: string, take: () => Promise<void>) =>
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

Deno.test("Journal.lines() tells when each phase ended, from the breach on (R17)", async () => {
  using it = open();
  const alarm = {
    fleet: "kas",
    kind: "cpuhigh",
    dimension: "base",
    from: "OK",
    to: "ALARM",
    at: NOW - 20,
  } as const;
  const activity = record(it.journal, START, 0, {
    signal: { kind: "out", source: "notification", alarm },
    message: { id: "m", received: NOW - 10 },
  });
  if (activity === undefined) throw new Error("there is an activity");
  const times = { now: () => NOW + 5, signal: new AbortController().signal, take: () => Promise.resolve() };
  await it.journal.step(activity.id, "n3", "started", times);
  it.journal.end(activity, "done", "busy", NOW + 30);
  const [line] = it.journal.lines(1, NOW);
  assertEquals(line?.seconds, 0.03);
  assertEquals(
    Object.entries(line?.phases ?? {}).map(([phase, at]) => [phase, Date.parse(at) - NOW]),
    [["breach", -20], ["notified", -10], ["decided", 0], ["started", 5]],
  );
});

Deno.test("Journal.history() tells the last start and stop, also those that failed", () => {
  using it = open();
  assertEquals(it.journal.history(), { inServiceSince: {} });
  record(it.journal, START, 1);
  record(it.journal, STOP, 2);
  record(it.journal, NONE, 3);
  assertEquals(it.journal.history(), { lastOut: NOW + 1, lastIn: NOW + 2, inServiceSince: {} });
});

Deno.test("Journal.notice() takes one in service at first sight for as old as it may be, and times those that it sees come", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using state = State.open(folder);
      const journal = new Journal(state);
      journal.notice([instance("old", { launched: NOW - 9_000 }), stopped("new")], NOW);
      journal.notice([instance("old"), instance("new")], NOW + 1);
      journal.notice([instance("old"), instance("new")], NOW + 2);
      assertEquals(journal.history().inServiceSince, { new: NOW + 1, old: NOW - 9_000 });
    }
    using state = State.open(folder);
    const journal = new Journal(state);
    assertEquals(journal.history().inServiceSince, { new: NOW + 1, old: NOW - 9_000 });
    journal.notice([instance("old", { registration: "draining" })], NOW + 3);
    assertEquals(journal.history().inServiceSince, { new: NOW + 1 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Journal.prune() forgets after 90 days, but no activity under way and not the last start and stop", () => {
  using it = open();
  const first = record(it.journal, START);
  record(it.journal, NONE);
  record(it.journal, STOP);
  record(it.journal, START, 1);
  const ended = record(it.journal, START, 2);
  if (ended !== undefined) it.journal.end(ended, "done", "", NOW + 3);
  it.journal.prune(NOW + 91 * 24 * 3_600_000);
  assertEquals(it.journal.lines(9, NOW).map(({ kind }) => kind), ["start", "start", "stop", "start"]);
  if (first !== undefined) it.journal.end(first, "done", "", NOW + 4);
  it.journal.prune(NOW + 91 * 24 * 3_600_000);
  assertEquals(it.journal.lines(9, NOW).map(({ kind }) => kind), ["start", "start", "stop"]);
});

Deno.test("Journal.processed() keeps the newest change of each alarm, and who told of it first", () => {
  using it = open();
  const change = (at: number) =>
    ({ fleet: "kas", kind: "cpuhigh", dimension: "base", from: "OK", to: "ALARM", at }) as const;
  it.journal.processed("a", change(5), "resync");
  it.journal.processed("a", change(5), "notification");
  it.journal.processed("a", change(4), "notification");
  assertEquals(it.journal.newest("a"), { changed: 5, source: "resync" });
  assertEquals(it.journal.newest("b"), undefined);
});
