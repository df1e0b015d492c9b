/**
 * Scenarios of losses and replacement that need time or a journal, in the lab. Those of a single decision are in
 * tests/unit/scaling/scenarios.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Schedules } from "../../../src/settings/schedules/schedules.ts";
import { AT_ONCE, fleetOf, type FleetPlan } from "../../support/lab/fleet_plan.ts";
import type { Lab } from "../../support/lab/lab.ts";
import { operate } from "../../support/lab/operator.ts";
import {
  BASE,
  countInService,
  FIRST,
  openNotifiedLab,
  reportIdle,
  startedIds,
} from "../../support/lab/script.ts";

const MINUTE = 60_000;
const [SECOND, THIRD] = [2, 3];
const IN_SERVICE = "running in-service";

/** Longer than kas needs to notice that an instance is unhealthy, to replace it and to stop it. */
const REPLACED = 7 * MINUTE;

/** Longer than a reconcile and a start take. */
const RESTORED = 3 * MINUTE;

/** Opens a lab with a base instance and nodes, whose autoscaler reconciles each minute and reads no alarms. */
function open(
  serving: readonly boolean[],
  limits: Partial<FleetPlan["limits"]> = {},
  more: Partial<FleetPlan> = {},
) {
  return openNotifiedLab(fleetOf(serving, {
    kind: true,
    limits: { ...AT_ONCE, resync: MINUTE, unhealthyAfter: 2 * MINUTE, ...limits },
    startTimeout: 5 * MINUTE,
    ...more,
  }));
}

function sicken(lab: Lab, place: number): void {
  lab.cloud.faults.unhealthy.add(lab.id(place));
}

function recover(lab: Lab, place: number): void {
  lab.cloud.faults.unhealthy.delete(lab.id(place));
}

async function stop(lab: Lab, ...places: readonly number[]): Promise<void> {
  await lab.cloud.elsewhere("ec2", "StopInstances", { InstanceIds: places.map((place) => lab.id(place)) });
}

async function tag(lab: Lab, place: number, key: string, value: string): Promise<void> {
  await lab.cloud.elsewhere("ec2", "CreateTags", {
    Resources: [lab.id(place)],
    Tags: [{ Key: key, Value: value }],
  });
}

/** Lets time pass until a condition is true, but at most ten minutes. */
async function until(lab: Lab, condition: () => boolean): Promise<void> {
  for (let second = 0; second < 600 && !condition(); second++) await lab.pass(1_000);
  assert(condition());
}

Deno.test("scenario: a node whose worker dies is replaced, stopped, and a standby again", async () => {
  await using lab = await open([true, false]);
  lab.cloud.faults.set(`dies=${lab.id(FIRST)}`);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
});

Deno.test("scenario: a node that hangs without another node is stopped and started again", async () => {
  await using lab = await open([true]);
  lab.cloud.faults.set(`hangs=${lab.id(FIRST)}`);
  await lab.pass(REPLACED + RESTORED);
  assertEquals([lab.status(FIRST), startedIds(lab)], [IN_SERVICE, [lab.id(FIRST)]]);
});

Deno.test("scenario: an impaired node is replaced although it passes its health check", async () => {
  await using lab = await open([true, false]);
  lab.cloud.faults.set(`impaired=${lab.id(FIRST)}`);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
});

Deno.test("scenario: while every instance is impaired, kas restarts one, and does not repeat a stop that fails without a pause", async () => {
  await using lab = await open([true], { min: 2 });
  for (const place of [BASE, FIRST]) lab.cloud.faults.set(`impaired=${lab.id(place)}`);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), startedIds(lab)], [IN_SERVICE, [lab.id(FIRST)]]);
});

Deno.test("scenario: while a stop fails again and again, kas waits for its next reconcile", async () => {
  await using lab = await open([true, true, false], { min: 2 });
  lab.cloud.faults.set(`dies=${lab.id(FIRST)}`);
  lab.cloud.faults.set("deny=elasticloadbalancing:DeregisterInstancesFromLoadBalancer");
  await lab.pass(20 * MINUTE);
  const stops = lab.kas.journal.lines(1_000, lab.time.now()).filter(({ kind }) => kind === "stop");
  assert(stops.length > 1 && stops.length <= 30, `${stops.length} stops`);
});

Deno.test("scenario: an instance that recovers before it is unhealthy is not replaced", async () => {
  await using lab = await open([true, false]);
  lab.cloud.faults.set(`hangs=${lab.id(FIRST)}:90s`);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), startedIds(lab)], [IN_SERVICE, []]);
});

Deno.test("scenario: a node that recovers before its replacement serves stays, and the replacement leaves", async () => {
  await using lab = await open([true, false], { resync: 10_000 }, { kind: false });
  sicken(lab, FIRST);
  await until(lab, () => lab.kas.journal.unfinished().length > 0);
  recover(lab, FIRST);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), countInService(lab)], [IN_SERVICE, 2]);
  assert(!/^running/.test(lab.status(SECOND)));
});

Deno.test("scenario: kas does not stop a base instance that dies, and a node stands in for it", async () => {
  await using lab = await open([true, false], { min: 2 });
  lab.cloud.faults.set(`dies=${lab.id(BASE)}`);
  await lab.pass(REPLACED);
  assertEquals([lab.status(BASE), countInService(lab)], ["running out-of-service", 2]);
});

Deno.test("scenario: a protected node that hangs keeps running, and another one stands in for it", async () => {
  await using lab = await open([true, false]);
  await tag(lab, FIRST, "kas:protected", "true");
  lab.cloud.faults.set(`hangs=${lab.id(FIRST)}`);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["running out-of-service", IN_SERVICE]);
});

Deno.test("scenario: kas replaces a node that somebody stops in the console, but not one that kas admin stops", async () => {
  await using byHand = await open([true, false]);
  await stop(byHand, FIRST);
  await byHand.pass(RESTORED);
  assertEquals([byHand.status(FIRST).startsWith("stopped"), byHand.status(SECOND)], [true, IN_SERVICE]);

  await using admin = await open([true, false]);
  await tag(admin, FIRST, "kas:by-operator", new Date(admin.time.now()).toISOString());
  await stop(admin, FIRST);
  await admin.pass(RESTORED);
  assertEquals(startedIds(admin), []);
});

Deno.test("scenario: a crash in the middle of a replacement does not change its result", async () => {
  await using lab = await open([true, false]);
  lab.cloud.faults.set(`dies=${lab.id(FIRST)}`);
  await until(lab, () => lab.kas.journal.unfinished().length > 0);
  lab.kill(5_000);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
});

Deno.test("scenario: a loss during a restart is replaced", async () => {
  await using lab = await open([true, false]);
  lab.kill(30_000);
  await stop(lab, FIRST);
  await lab.pass(RESTORED);
  assertEquals(lab.status(SECOND), IN_SERVICE);
});

Deno.test("scenario: without its journal, kas replaces a node that has been failing since before", async () => {
  await using lab = await open([true, false]);
  lab.cloud.faults.set(`hangs=${lab.id(FIRST)}`);
  await lab.pass(MINUTE);
  await lab.shutDown();
  await lab.loseState();
  await lab.start();
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
});

Deno.test("scenario: after somebody set the clock back, an old stop does not count as in progress", async () => {
  await using lab = await open([true, true], { min: 2 });
  await reportIdle(lab, FIRST);
  await lab.pass(RESTORED);
  assertEquals(lab.status(FIRST), "stopped none");
  lab.setClock(-20 * MINUTE);
  await operate(lab, "scale", { direction: "out", dryRun: false });
  await lab.pass(RESTORED);
  await lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lab.id(SECOND)] });
  await lab.pass(RESTORED);
  const starts = lab.kas.journal.lines(1_000, lab.clock).filter(({ kind }) => kind === "start");
  assertEquals([countInService(lab), starts.length], [2, 1]);
});

Deno.test("scenario: a loss during a pause is replaced when an operator resumes the scaling", async () => {
  await using lab = await open([true, false]);
  await operate(lab, "pause", { directions: ["out"] });
  await stop(lab, FIRST);
  await lab.pass(20 * MINUTE);
  assertEquals(startedIds(lab), []);
  await operate(lab, "resume", { directions: ["out"] });
  await lab.pass(RESTORED);
  assertEquals(lab.status(SECOND), IN_SERVICE);
});

Deno.test("scenario: when a zone goes down, nodes of the other zone stand in for its nodes", async () => {
  // The first and the third node are in zone b.
  await using lab = await open([true, false, false, false], { min: 2 });
  lab.cloud.faults.set("no-capacity=eu-west-1b");
  await stop(lab, FIRST);
  await lab.pass(RESTORED);
  assertEquals(lab.status(SECOND), IN_SERVICE);
  assert(lab.cloud.fleet().every(({ tags }) => tags["kas:quarantine"] === undefined));
});

Deno.test("scenario: a loss in the window of a schedule is replaced up to the window's minimum", async () => {
  const peak = { name: "peak", cron: "5 * * * *", timezone: "UTC", duration: 20 * MINUTE, min: 3 };
  await using lab = await open([false, false, false], { min: 1 }, { schedules: new Schedules([peak]) });
  await lab.pass(7 * MINUTE);
  assertEquals(countInService(lab), 3);
  const [lost = ""] = startedIds(lab);
  await lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lost] });
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 3);
});

Deno.test("scenario: an operator's capacity with a time survives a restart, and ends", async () => {
  await using lab = await open([false, false, false], { max: 4, policies: [] });
  const command = { direction: "to", capacity: 3, until: lab.clock + 20 * MINUTE, dryRun: false };
  await operate(lab, "scale", command);
  await lab.pass(RESTORED);
  lab.kill(5_000);
  await lab.pass(RESTORED);
  await stop(lab, BASE);
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 3);
});

Deno.test("scenario: while every instance fails its health check, kas restarts one node at a time", async () => {
  await using lab = await open([true, true, true, true, true, true], { min: 5 });
  for (let place = BASE; place <= 6; place++) sicken(lab, place);
  let most = 0;
  for (let minute = 0; minute < 15; minute++) {
    await lab.pass(MINUTE);
    const off = lab.cloud.fleet().filter(({ state }) => state !== "running").length;
    most = Math.max(most, off);
  }
  assertEquals(most, 1);
  for (let place = BASE; place <= 6; place++) recover(lab, place);
  await lab.pass(20 * MINUTE);
  assert(countInService(lab) >= 5, `${countInService(lab)} in service`);
});

Deno.test("scenario: a node in maintenance is not replaced", async () => {
  await using lab = await open([true, false]);
  const now = new Date(lab.time.now()).toISOString();
  await tag(lab, FIRST, "kas:detached", now);
  await lab.cloud.elsewhere("elb", "DeregisterInstancesFromLoadBalancer", {
    LoadBalancerName: "kas",
    Instances: [{ InstanceId: lab.id(FIRST) }],
  });
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), startedIds(lab)], ["running none", []]);
});

Deno.test("scenario: a replacement whose start EC2 refuses is replaced by the next node", async () => {
  await using lab = await open([true, false, false]);
  lab.cloud.faults.set(`no-capacity=${lab.id(THIRD)}`);
  await stop(lab, FIRST);
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 2);
});
