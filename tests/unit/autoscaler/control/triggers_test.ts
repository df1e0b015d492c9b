/**
 * When the autoscaler reconciles besides its interval, in the lab: at the end of a pause or of an operator's capacity (R20, R22), and
 * at the lead, the beginning and the end of a window (R19).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Schedules } from "../../../../src/settings/schedules/schedules.ts";
import type { Trigger } from "../../../../src/scaling/model/trigger.ts";
import { beginAll } from "../../../support/lab/burst.ts";
import { AT_ONCE, fleetOf, type FleetPlan } from "../../../support/lab/fleet_plan.ts";
import type { Lab } from "../../../support/lab/lab.ts";
import { type Command, operate as send } from "../../../support/lab/operator.ts";
import {
  askForMore,
  countInService,
  FIRST,
  openNotifiedLab,
  startedIds,
} from "../../../support/lab/script.ts";

const MINUTE = 60_000;

/** The time at which a lab begins, and the pause or the window ends. The autoscaler reconciles once an hour. */
const BEGIN = Date.UTC(2026, 0, 5, 9);

/** A lab, and the decisions in it: the kind of the trigger, and when, in whole seconds since the lab began. */
interface Watched extends AsyncDisposable {
  readonly lab: Lab;
  readonly decisions: readonly (readonly [trigger: Trigger["kind"], seconds: number])[];
}

async function open(serving: readonly boolean[], more: Partial<FleetPlan> = {}): Promise<Watched> {
  const all: (readonly [kind: Trigger["kind"], at: number])[] = [];
  const made: { lab?: Lab } = {};
  const onDecision = ({ kind }: Trigger) => {
    // Omit the first reconciliation, when the autoscaler starts.
    if (made.lab !== undefined) all.push([kind, Math.floor((made.lab.time.now() - BEGIN) / 1_000)]);
  };
  const limits = { ...AT_ONCE, ...more.limits };
  const plan = fleetOf(serving, { kind: true, startTimeout: 2 * MINUTE, ...more, limits });
  const lab = made.lab = await openNotifiedLab(plan, { onDecision });
  return { lab, decisions: all, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

/** Sends a command to the autoscaler. Returns its answer. */
async function operate(lab: Lab, command: Command, body: object) {
  const response = await send(lab, command, body);
  assertEquals(response?.status, 200);
  return await response?.json();
}

Deno.test("when the time of a pause is over, kas reconciles at once (R20)", async () => {
  await using it = await open([false]);
  await operate(it.lab, "pause", { directions: ["out"], until: BEGIN + 10 * MINUTE });
  await operate(it.lab, "pause", { directions: ["in"] });
  await it.lab.pass(MINUTE);
  const before = it.decisions.length;
  await it.lab.pass(20 * MINUTE);
  assertEquals(it.decisions.slice(before), [["reconcile", 600]]);
});

Deno.test("when the time of a pause from before a restart is over, kas reconciles at once (R20)", async () => {
  await using it = await open([false]);
  await operate(it.lab, "pause", { directions: ["out"], until: BEGIN + 10 * MINUTE });
  it.lab.kill(1_000);
  await it.lab.pass(20 * MINUTE);
  assertEquals(it.decisions.at(-1), ["reconcile", 600]);
});

Deno.test("kas evaluates the fleet at the lead, the beginning and the end of a window, with the trigger schedule (R19)", async () => {
  const peak = { name: "peak", cron: "30 9 * * *", timezone: "UTC", duration: 20 * MINUTE, max: 3 };
  await using it = await open([true], { schedules: new Schedules([peak]) });
  await it.lab.pass(55 * MINUTE);
  assertEquals(it.decisions, [["schedule", 28 * 60], ["schedule", 30 * 60], ["schedule", 50 * 60]]);
});

Deno.test("while EC2 has no capacity for an instance that the minimum requires, kas tries again when each pause ends (R3, R18)", async () => {
  await using it = await open([false], {
    limits: { ...AT_ONCE, min: 2 },
    faults: ["no-capacity=eu-west-1b"],
  });
  await it.lab.pass(5 * MINUTE);
  const began = it.lab.kas.store.db.prepare("SELECT began FROM activities ORDER BY id").all()
    .map((row) => Math.round(Number(row.began) / 1_000));
  const gaps = began.slice(1).map((at, i) => at - (began[i] ?? 0));
  // The pauses take 30 s, 60 s and 120 s. A failed start takes a moment.
  assertEquals(gaps.map((gap) => Math.round(gap / 10) * 10), [30, 60, 120]);
});

Deno.test("when the time of an operator's capacity is over, kas reconciles at once (R22)", async () => {
  await using it = await open([true, false]);
  const until = BEGIN + 30 * MINUTE;
  await operate(it.lab, "scale", { direction: "to", capacity: 3, until, dryRun: false });
  await it.lab.pass(5 * MINUTE);
  assertEquals(countInService(it.lab), 3);
  const before = it.decisions.length;
  await it.lab.pass(25 * MINUTE);
  assertEquals(it.decisions.slice(before), [["reconcile", 30 * 60]]);
});

Deno.test("while an operator's capacity is in force, a notification does not change the capacity beyond it (R22)", async () => {
  await using it = await open([true, false]);
  const until = BEGIN + 30 * MINUTE;
  await operate(it.lab, "scale", { direction: "to", capacity: 2, until, dryRun: false });
  await askForMore(it.lab);
  await it.lab.pass(5 * MINUTE);
  assertEquals(countInService(it.lab), 2);
  await it.lab.pass(30 * MINUTE);
  await askForMore(it.lab);
  await it.lab.pass(5 * MINUTE);
  assertEquals(countInService(it.lab), 3);
});

/** Returns the capacity of an operator that is in force. */
function inForce({ kas, time }: Lab): number | undefined {
  return kas.journal.overrides.inForce(time.now())?.capacity;
}

Deno.test("an operator's capacity without a time ends when the fleet has this capacity in service (R22)", async () => {
  await using it = await open([true, false]);
  await operate(it.lab, "scale", { direction: "to", capacity: 3, dryRun: false });
  assertEquals(inForce(it.lab), 3);
  await it.lab.pass(3 * MINUTE);
  assertEquals([countInService(it.lab), inForce(it.lab)], [3, undefined]);
});

Deno.test("an operator's capacity without a time ends when a check holds it back (R22)", async () => {
  await using it = await open([true], { limits: { ...AT_ONCE, max: 3 } });
  const { checks } = await operate(it.lab, "scale", { direction: "to", capacity: 3, dryRun: false });
  assertEquals([checks, inForce(it.lab)], [["no-standby"], undefined]);
});

Deno.test("an operator's capacity without a time ends after 15 minutes (R22)", async () => {
  await using it = await open([true, false]);
  it.lab.cloud.machines.broken.add(it.lab.id(2));
  await operate(it.lab, "scale", { direction: "to", capacity: 3, dryRun: false });
  assertEquals(inForce(it.lab), 3);
  await it.lab.pass(14 * MINUTE);
  const late = it.decisions.filter(([, seconds]) => seconds > 60);
  assert(late.length > 0);
  await it.lab.pass(2 * MINUTE);
  assertEquals(inForce(it.lab), undefined);
});

Deno.test("activities that end at once make kas reconcile at most once a second (R22)", async () => {
  await using it = await open([true, false]);
  const until = BEGIN + 30 * MINUTE;
  await operate(it.lab, "scale", { direction: "to", capacity: 2, until, dryRun: false });
  await it.lab.pass(MINUTE);
  const before = it.decisions.length;
  for (let n = 0; n < 100; n++) {
    const [ended] = beginAll(it.lab, "start", [it.lab.id(FIRST)]);
    await it.lab.pass(100);
    assertEquals((await ended)?.status, "successful");
  }
  const count = it.decisions.length - before;
  assert(count > 5 && count <= 11, `${count} reconciliations in 10 s`);
});

Deno.test("a dry run of an operator's capacity changes nothing (R22)", async () => {
  await using it = await open([true, false]);
  await operate(it.lab, "scale", { direction: "to", capacity: 3, dryRun: true });
  await it.lab.pass(5 * MINUTE);
  assertEquals([countInService(it.lab), inForce(it.lab), it.decisions], [2, undefined, []]);
});

Deno.test("an operator's capacity does not end because a pause holds the stop of an unhealthy node back (R21, R22)", async () => {
  const plan = { startTimeout: 60 * MINUTE, limits: { ...AT_ONCE, resync: MINUTE } };
  await using it = await open([true, true, true, true, false, false, false], plan);
  const { lab } = it;
  await operate(lab, "scale", { direction: "to", capacity: 6, dryRun: false });
  // The started node never comes into service.
  for (const id of startedIds(lab)) lab.cloud.machines.broken.add(id);
  await operate(lab, "pause", { directions: ["in"] });
  for (const place of [FIRST, 2]) lab.cloud.faults.unhealthy.add(lab.id(place));
  await lab.pass(6 * MINUTE);
  const [last] = lab.kas.journal.lines(1, lab.time.now());
  assertEquals(lab.kas.journal.checks(last?.id ?? 0), ["paused"]);
  assertEquals([countInService(lab), inForce(lab)], [5, 6]);
});
