/**
 * How kas stops an unhealthy node (R21), in the lab. If the node serves nobody, kas waits only briefly until it has drained. If the
 * node still serves, kas waits until its requests have ended. Then the fault model judges the node (R18).
 *
 * @module
 */
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { assert, assertEquals } from "@std/assert";
import type { Step } from "../../../../src/autoscaler/store/steps.ts";
import { AwsError } from "../../../../src/sandbox/wire/action.ts";
import type { Decision } from "../../../../src/scaling/model/decision.ts";
import type { Limits } from "../../../../src/scaling/model/limits.ts";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import type { Lab, Watcher } from "../../../support/lab/lab.ts";
import {
  BASE,
  countInService,
  FIRST,
  holdRequests,
  openNotifiedLab,
  startedIds,
} from "../../../support/lab/script.ts";

const [SECOND, THIRD] = [2, 3];
const MINUTE = 60_000;
const IN_SERVICE = "running in-service";

/** The longest time that kas waits for the draining of an instance that serves nobody. */
const BRIEF = 30_000;

/** Longer than kas needs to notice that a node is unhealthy, to replace it and to stop it. */
const REPLACED = 7 * MINUTE;

/** Opens a lab whose autoscaler reconciles every ten seconds and reads no alarms. */
function open(
  serving: readonly boolean[],
  limits: Partial<Limits> = {},
  watcher: Watcher = {},
): Promise<Lab> {
  const plan = { kind: true, startTimeout: 60_000, limits: { ...AT_ONCE, resync: 10_000, ...limits } };
  return openNotifiedLab(fleetOf(serving, plan), watcher);
}

/** Refuses the calls that read EC2's status checks from now on. */
function denyStatusChecks({ cloud: { faults } }: Lab): void {
  const own = faults.onCall;
  faults.onCall = async (call) => {
    await own?.(call);
    if (call.action !== "DescribeInstanceStatus") return;
    throw new AwsError("UnauthorizedOperation", "You are not authorized to perform this operation.", 403);
  };
}

/** Lets time pass until a condition is true, but at most ten minutes. */
async function until(lab: Lab, condition: () => boolean): Promise<void> {
  for (let second = 0; second < 600 && !condition(); second++) await lab.pass(1_000);
  assert(condition());
}

/** Returns the steps of the last stop. */
function lastStop({ kas: { journal, store } }: Lab): readonly Step[] {
  const last = store.db.prepare("SELECT max(id) AS id FROM activities WHERE kind = 'stop'").get();
  return journal.steps(Number(last?.id ?? 0));
}

/** Returns how long a step of the last stop took, in ms. */
function lasted(lab: Lab, name: Step["step"]): number {
  const { began = NaN, ended = NaN } = lastStop(lab).find(({ step }) => step === name) ?? {};
  return ended - began;
}

/** Returns how often an action of AWS named an instance. */
function calls({ cloud }: Lab, action: string, id: string): number {
  return cloud.calls.filter((it) => it.action === action && JSON.stringify(it.input).includes(id)).length;
}

Deno.test("kas waits for 30 s at most until a node that hangs has drained, and stops it", async () => {
  await using lab = await open([true, false]);
  const answers = await holdRequests(lab);
  lab.cloud.faults.set(`hangs=${lab.id(FIRST)}`);
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
  assert(lasted(lab, "drained") > BRIEF - 10_000 && lasted(lab, "drained") <= BRIEF + 10_000);
  lab.cloud.machines.release();
  await Promise.allSettled(answers);
});

/** Impairs the first node, and asserts that kas stops it only when its requests have ended. */
async function assertDrainsFully(lab: Lab): Promise<void> {
  lab.cloud.faults.set(`impaired=${lab.id(FIRST)}`);
  await lab.pass(MINUTE);
  const answers = await holdRequests(lab);
  await until(lab, () => lab.status(FIRST) === "running draining");
  await lab.pass(3 * BRIEF);
  assertEquals(lab.status(FIRST), "running draining");
  lab.cloud.machines.release();
  assertEquals(new Set(await Promise.all(answers)), new Set([200]));
}

Deno.test("an impaired node that serves drains fully: kas cuts no request off", async () => {
  await using lab = await open([true, false]);
  await assertDrainsFully(lab);
  await lab.pass(MINUTE);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
});

Deno.test("an impaired node that serves also drains fully if the autoscaler crashes meanwhile (R13)", async () => {
  await using lab = await open([true, false]);
  lab.cloud.faults.set(`impaired=${lab.id(FIRST)}`);
  await lab.pass(MINUTE);
  const answers = await holdRequests(lab);
  await until(lab, () => lab.status(FIRST) === "running draining");
  lab.kill(1_000);
  await lab.pass(3 * BRIEF);
  assertEquals(lab.status(FIRST), "running draining");
  lab.cloud.machines.release();
  assertEquals(new Set(await Promise.all(answers)), new Set([200]));
});

Deno.test("an impaired node that serves stays while fewer than min others are in service", async () => {
  await using lab = await open([true, false], { min: 2 });
  lab.cloud.faults.set(`impaired=${lab.id(FIRST)}`);
  lab.cloud.machines.broken.add(lab.id(SECOND));
  let fewest = countInService(lab);
  lab.cloud.account.watch(() => fewest = Math.min(fewest, countInService(lab)));
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), fewest], [IN_SERVICE, 2]);
});

Deno.test("a node that recovers while kas drains it is stopped: another one serves in its place", async () => {
  await using lab = await open([true, false]);
  const answers = await holdRequests(lab);
  lab.cloud.faults.unhealthy.add(lab.id(FIRST));
  await until(lab, () => lab.status(FIRST) === "running draining");
  lab.cloud.faults.unhealthy.delete(lab.id(FIRST));
  await lab.pass(2 * MINUTE);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
  lab.cloud.machines.release();
  await Promise.allSettled(answers);
});

Deno.test("kas does not drain an unhealthy node that has stop protection", async () => {
  await using lab = await open([true, false]);
  lab.cloud.faults.protectedInstances.add(lab.id(FIRST));
  lab.cloud.faults.unhealthy.add(lab.id(FIRST));
  await lab.pass(REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["running out-of-service", IN_SERVICE]);
  assertEquals(calls(lab, "DeregisterInstancesFromLoadBalancer", lab.id(FIRST)), 0);
});

Deno.test("if EC2 refuses to stop an unhealthy node, kas registers it again, and does not try again", async () => {
  await using lab = await open([true, false]);
  const own = lab.cloud.faults.onCall;
  lab.cloud.faults.onCall = async (call) => {
    await own?.(call);
    if (call.action === "StopInstances") {
      throw new AwsError("UnsupportedOperation", "This instance cannot be stopped");
    }
  };
  lab.cloud.faults.unhealthy.add(lab.id(FIRST));
  await lab.pass(2 * REPLACED);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["running out-of-service", IN_SERVICE]);
  assertEquals(calls(lab, "DeregisterInstancesFromLoadBalancer", lab.id(FIRST)), 1);
});

Deno.test("the fault model judges an unhealthy node: kas starts it again after a pause, and quarantines it after three failures (R18)", async () => {
  await using lab = await open([true], { min: 2 });
  const id = lab.id(FIRST);
  lab.cloud.machines.broken.add(id);
  await until(lab, () => lab.status(FIRST).startsWith("stop"));
  const [failure] = lab.kas.journal.starts(lab.time.now());
  assertEquals([failure?.what, failure?.instance], ["unhealthy", id]);
  await lab.pass(20 * MINUTE);
  const { state, tags } = lab.cloud.truth(id) ?? {};
  assertEquals([state, startedIds(lab)], ["stopped", [id, id]]);
  assert(tags?.["kas:quarantine"] !== undefined);
});

Deno.test("an unhealthy node that serves again after its restart is not quarantined (R18)", async () => {
  await using lab = await open([true], { min: 2 });
  const id = lab.id(FIRST);
  lab.cloud.machines.broken.add(id);
  await until(lab, () => startedIds(lab).length === 2);
  lab.cloud.machines.broken.delete(id);
  await lab.pass(5 * MINUTE);
  assertEquals([lab.status(FIRST), lab.cloud.truth(id)?.tags["kas:quarantine"]], [IN_SERVICE, undefined]);
});

for (const nth of [9, 11, 12, 15]) {
  Deno.test(`a crash after write ${nth} of the stop of an unhealthy node does not count as another failure of the node (R13, R18)`, async () => {
    const onDecision = (_: unknown, { actions }: Decision) => {
      if (actions.some(({ kind }) => kind === "stop")) {
        lab.crashAt({ at: "write", nth, moment: "after", down: 1_000 });
      }
    };
    const lab = await open([true], { min: 2 }, { onDecision });
    await using _ = lab;
    lab.cloud.machines.broken.add(lab.id(FIRST));
    await until(lab, () => startedIds(lab).length === 1);
    assertEquals(lab.crashes.write, 1);
    const failures = lab.kas.journal.starts(lab.time.now()).filter(({ what }) => what === "unhealthy");
    assertEquals(failures.length, 1);
  });
}

Deno.test("if all instances fail their health check, kas quarantines none of them (R18)", async () => {
  await using lab = await open([true, true, true, true], { min: 5 });
  for (const { id } of lab.cloud.fleet()) lab.cloud.faults.unhealthy.add(id);
  await lab.pass(30 * MINUTE);
  assertEquals(lab.cloud.fleet().filter(({ tags }) => tags["kas:quarantine"] !== undefined), []);
});

Deno.test("a node serves in the place of a base instance that hangs, and kas neither stops nor deregisters the base instance", async () => {
  await using lab = await open([true, false], { min: 2 });
  lab.cloud.faults.set(`hangs=${lab.id(BASE)}`);
  await lab.pass(3 * REPLACED);
  assertEquals([lab.status(BASE), countInService(lab)], ["running out-of-service", 2]);
  for (const action of ["StopInstances", "TerminateInstances", "DeregisterInstancesFromLoadBalancer"]) {
    assertEquals(calls(lab, action, lab.id(BASE)), 0);
  }
});

Deno.test("if a base instance serves again, the node that serves in its place leaves", async () => {
  await using lab = await open([true, false], { max: 2 });
  lab.cloud.faults.unhealthy.add(lab.id(BASE));
  await lab.pass(REPLACED);
  assertEquals([lab.status(BASE), countInService(lab)], ["running out-of-service", 2]);
  lab.cloud.faults.unhealthy.delete(lab.id(BASE));
  await lab.pass(3 * MINUTE);
  assertEquals([lab.status(BASE), countInService(lab)], [IN_SERVICE, 2]);
});

Deno.test("if a base instance serves again below max, the node that serves in its place leaves too, and only that one", async () => {
  await using lab = await open([true, true, false]);
  lab.cloud.faults.unhealthy.add(lab.id(BASE));
  await lab.pass(REPLACED);
  lab.kill(1_000);
  lab.cloud.faults.unhealthy.delete(lab.id(BASE));
  await lab.pass(REPLACED);
  assertEquals([lab.status(BASE), countInService(lab)], [IN_SERVICE, 3]);
});

Deno.test("without the permission to read EC2's status checks, kas logs that once and goes on", async () => {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { records: (record) => void records.push(record) },
    loggers: [{ category: "kas", sinks: ["records"] }, { category: ["logtape", "meta"], sinks: [] }],
  });
  try {
    await using lab = await open([true, false]);
    denyStatusChecks(lab);
    lab.cloud.faults.set(`hangs=${lab.id(FIRST)}`);
    await lab.pass(REPLACED);
    assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", IN_SERVICE]);
    const logged = records.filter(({ rawMessage }) => String(rawMessage).includes("status checks"));
    assertEquals(logged.map(({ level }) => level), ["error"]);
  } finally {
    await reset();
  }
});

Deno.test("if the permission to read EC2's status checks ends during the stop of an impaired node, kas drains the node fully", async () => {
  const onDecision = (_: unknown, { actions }: Decision) => {
    if (actions.some(({ kind }) => kind === "stop")) denyStatusChecks(lab);
  };
  const lab = await open([true, false], {}, { onDecision });
  await using _ = lab;
  await assertDrainsFully(lab);
});

Deno.test("kas replaces an instance that somebody terminates in the console, but not one that kas admin terminates", async () => {
  await using lab = await open([true, true, false]);
  const terminate = (place: number) =>
    lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lab.id(place)] });
  // `kas admin instances terminate` sets the tag before it terminates.
  const Tags = [{ Key: "kas:by-operator", Value: new Date(lab.time.now()).toISOString() }];
  await lab.cloud.elsewhere("ec2", "CreateTags", { Resources: [lab.id(FIRST)], Tags });
  await terminate(FIRST);
  await lab.pass(3 * MINUTE);
  assertEquals([startedIds(lab), countInService(lab)], [[], 2]);
  await terminate(SECOND);
  await lab.pass(3 * MINUTE);
  assertEquals([startedIds(lab), countInService(lab)], [[lab.id(THIRD)], 2]);
});

Deno.test("the stop of an unhealthy node does not hold the next scale-in back", async () => {
  await using lab = await open([true, true, false]);
  lab.cloud.faults.unhealthy.add(lab.id(FIRST));
  await until(lab, () => lab.status(FIRST) === "stopped none");
  assertEquals(lab.kas.journal.history(lab.time.now()).lastIn, undefined);
});
