/**
 * A fleet without a load balancer, whose services take jobs from a queue (R23), in the lab.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { parseHealthCheck } from "../../../../src/health/spec.ts";
import type { Limits } from "../../../../src/scaling/model/limits.ts";
import { AT_ONCE, fleetOf, type FleetPlan } from "../../../support/lab/fleet_plan.ts";
import type { Lab } from "../../../support/lab/lab.ts";
import { askForMore, FIRST, openNotifiedLab, reportIdle, startedIds } from "../../../support/lab/script.ts";

const SECOND = 2;
const CHECK = parseHealthCheck("http:30000/ping");
const MINUTE = 60_000;

/** Opens a lab without a load balancer. */
function open(
  serving: readonly boolean[],
  more: Partial<FleetPlan> = {},
  limits: Partial<Limits> = {},
): Promise<Lab> {
  const plan = { kind: true, balancer: "none", limits: { ...AT_ONCE, ...limits }, ...more } as const;
  return openNotifiedLab(fleetOf(serving, plan));
}

/** Returns the activities in the journal, oldest first, such as `stop successful`. */
function activities({ kas, time }: Lab): string[] {
  return kas.journal.lines(100, time.now()).filter(({ kind }) => kind !== "none")
    .map(({ kind, status }) => `${kind} ${status}`).toReversed();
}

/** Returns the reason of the newest activity. */
function reason({ kas, time }: Lab): string {
  return kas.journal.lines(100, time.now()).find(({ kind }) => kind !== "none")?.reason ?? "";
}

/** Returns the methods and answers of the requests to drain of the node at a place. */
function requests(lab: Lab, place: number): string[] {
  return lab.cloud.workers.requests.filter((line) => line.includes(` ${lab.id(place)} `));
}

/** Returns the requests to drain of all nodes, without the ids of the instances. */
function asked({ cloud: { workers } }: Lab): string[] {
  return workers.requests.map((line) => line.replace(/ i-\w+ /, " "));
}

function state(lab: Lab, place: number): string | undefined {
  return lab.cloud.truth(lab.id(place))?.state;
}

Deno.test("without a load balancer kas starts a node, and counts it as in service when it has passed EC2's status checks", async () => {
  await using lab = await open([false]);
  await askForMore(lab);
  await lab.pass(5 * MINUTE);
  assertEquals(activities(lab), ["start successful"]);
  assertEquals(state(lab, FIRST), "running");
  const steps = lab.kas.journal.steps(1).map(({ step }) => step);
  assertEquals(steps, ["started", "running", "healthy", "registered", "in-service"]);
  assert(lab.cloud.calls.every(({ service }) => service !== "elasticloadbalancing"));
});

Deno.test("kas asks the service to drain, waits until it has finished its job, and stops the node", async () => {
  await using lab = await open([true]);
  lab.cloud.workers.lasting.add(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(3 * MINUTE);
  assertEquals(activities(lab), ["stop successful"]);
  assertEquals(asked(lab), ["POST 202", "GET 409", "GET 200"]);
  assertEquals(state(lab, FIRST), "stopped");
  assertEquals(lab.cloud.workers.lost, []);
});

Deno.test("a connection that the host refuses after it has accepted to drain means that the service has ended", async () => {
  await using lab = await open([true]);
  await reportIdle(lab, FIRST);
  await lab.pass(3 * MINUTE);
  assertEquals(activities(lab), ["stop successful"]);
  assertEquals(asked(lab), ["POST 202", "GET 409"]);
  assertEquals(lab.cloud.workers.lost, []);
});

Deno.test("without --drain-request kas stops the node at once", async () => {
  await using lab = await open([true], { asksToDrain: false });
  await reportIdle(lab, FIRST);
  await lab.pass(10_000);
  assertEquals(asked(lab), []);
  assert(state(lab, FIRST) !== "running");
});

Deno.test("a start cancels the draining, and the service takes jobs again", async () => {
  await using lab = await open([true, false]);
  lab.cloud.workers.hold(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(20_000);
  await askForMore(lab);
  await lab.pass(3 * MINUTE);
  assertEquals(activities(lab), ["stop cancelled", "start successful"]);
  assertEquals(asked(lab).at(-1), "DELETE 204");
  assert(lab.cloud.workers.works(lab.id(FIRST)));
  assertEquals(startedIds(lab), []);
});

Deno.test("if the service refuses to take jobs again, kas waits for its job, stops the node and starts it again", async () => {
  await using lab = await open([true, false]);
  lab.cloud.workers.final.add(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(10_000);
  await askForMore(lab);
  await lab.pass(6 * MINUTE);
  assertEquals(activities(lab), ["stop cancelled", "start successful"]);
  assertEquals(startedIds(lab), [lab.id(FIRST)]);
  assert(lab.cloud.workers.works(lab.id(FIRST)));
  assertEquals(lab.cloud.workers.lost, []);
});

Deno.test("a service that does not drain in time takes jobs again, and its node keeps running", async () => {
  await using lab = await open([true], { drainTimeout: MINUTE });
  lab.cloud.workers.hold(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(3 * MINUTE);
  assertEquals(activities(lab), ["stop failed"]);
  assertEquals(asked(lab), ["POST 202", "GET 409", "DELETE 204"]);
  assert(lab.cloud.workers.works(lab.id(FIRST)));
  assertEquals(lab.cloud.workers.lost, []);
});

Deno.test("a service that neither drains in time nor takes jobs again is stopped after --drain-timeout", async () => {
  await using lab = await open([true], { drainTimeout: MINUTE });
  lab.cloud.workers.hold(lab.id(FIRST));
  lab.cloud.workers.final.add(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(3 * MINUTE);
  assertEquals(activities(lab), ["stop successful"]);
  assertEquals(asked(lab), ["POST 202", "GET 409", "DELETE 409"]);
  assertEquals(state(lab, FIRST), "stopped");
});

Deno.test("kas does not stop a node whose service refuses to drain", async () => {
  await using lab = await open([true], { drainTimeout: MINUTE });
  lab.cloud.workers.refusing.add(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(5 * MINUTE);
  assertEquals(activities(lab), ["stop failed"]);
  assert(reason(lab).includes("answered 503"), reason(lab));
  assertEquals(state(lab, FIRST), "running");
  assert(lab.cloud.workers.works(lab.id(FIRST)));
});

Deno.test("kas does not stop a node on which nothing listens for the request to drain", async () => {
  await using lab = await open([true]);
  lab.cloud.faults.set(`dies=${lab.id(FIRST)}`);
  await reportIdle(lab, FIRST);
  await lab.pass(MINUTE);
  assertEquals(activities(lab), ["stop failed"]);
  assertEquals(state(lab, FIRST), "running");
});

Deno.test("a draining node does not count as in service: another node must stay", async () => {
  await using lab = await open([true, true], {}, { min: 2 });
  lab.cloud.workers.hold(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(20_000);
  await reportIdle(lab, SECOND);
  await lab.pass(20_000);
  assertEquals(requests(lab, SECOND), []);
});

Deno.test("kas keeps a drained node that the fleet needs again: its service has ended, so kas starts the node again", async () => {
  await using lab = await open([true, true], {}, { min: 2 });
  await reportIdle(lab, FIRST);
  await lab.pass(5_000);
  await lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lab.id(SECOND)] });
  await lab.pass(6 * MINUTE);
  assertEquals(activities(lab).at(0), "stop failed");
  assertEquals(startedIds(lab), [lab.id(FIRST)]);
  assert(lab.cloud.workers.works(lab.id(FIRST)));
});

Deno.test("kas replaces a node that EC2 reports as impaired, and waits for its job", async () => {
  await using lab = await open([true, false], {}, { resync: 10_000, unhealthyAfter: MINUTE });
  lab.cloud.faults.set(`impaired=${lab.id(FIRST)}`);
  await lab.pass(10 * MINUTE);
  assertEquals(startedIds(lab), [lab.id(SECOND)]);
  assertEquals(state(lab, FIRST), "stopped");
  assertEquals(lab.cloud.workers.lost, []);
});

Deno.test("kas replaces a node that somebody terminates", async () => {
  await using lab = await open([true, false], {}, { resync: 10_000 });
  await lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lab.id(FIRST)] });
  await lab.pass(5 * MINUTE);
  assertEquals(startedIds(lab), [lab.id(SECOND)]);
});

Deno.test("a restart of the autoscaler keeps healthy instances in service", async () => {
  await using lab = await open([true, true], {}, { resync: 10_000 });
  await lab.pass(MINUTE);
  lab.kill(5_000);
  await lab.pass(5_500);
  await lab.pass(5 * MINUTE);
  assertEquals(activities(lab), []);
});

Deno.test("kas replaces a node that hangs, although EC2 reports no problem, and does not wait for its job", async () => {
  const plan = { healthCheck: CHECK };
  await using lab = await open([true, false], plan, { resync: 10_000, unhealthyAfter: MINUTE });
  await lab.pass(MINUTE);
  lab.cloud.faults.set(`hangs=${lab.id(FIRST)}`);
  await lab.pass(8 * MINUTE);
  assertEquals(startedIds(lab), [lab.id(SECOND)]);
  assertEquals(state(lab, FIRST), "stopped");
});

Deno.test("a node whose service fails its health check does not come into service, and kas drains and stops it", async () => {
  await using lab = await open([false, false], { healthCheck: CHECK, startTimeout: MINUTE });
  lab.cloud.machines.broken.add(lab.id(FIRST));
  await askForMore(lab);
  await lab.pass(8 * MINUTE);
  assertEquals(startedIds(lab), [lab.id(FIRST), lab.id(SECOND)]);
  assertEquals(state(lab, FIRST), "stopped");
});

Deno.test("a restart of the autoscaler does not make a node unhealthy whose next check fails", async () => {
  await using lab = await open([true, true], { healthCheck: CHECK }, { resync: 60_000, unhealthyAfter: 0 });
  await lab.pass(MINUTE);
  lab.kill(1_000);
  lab.cloud.machines.broken.add(lab.id(FIRST));
  await lab.pass(6_000);
  lab.cloud.machines.broken.delete(lab.id(FIRST));
  await lab.pass(5 * MINUTE);
  assertEquals(activities(lab), []);
});

Deno.test("status checks that take long are no fault of the instance: kas pauses it, and does not quarantine it", async () => {
  await using lab = await open([false, false], { startTimeout: MINUTE, faults: ["status-delay=1h"] });
  await askForMore(lab);
  await lab.pass(20 * MINUTE);
  const starts = lab.kas.journal.starts(lab.time.now());
  assert(starts.some(({ what }) => what === "slow"));
  assert(starts.every(({ what }) => what === "slow" || what === "running"));
});

Deno.test("kas does not stop a protected node whose service refuses to take jobs again", async () => {
  await using lab = await open([true, false]);
  lab.cloud.workers.final.add(lab.id(FIRST));
  lab.cloud.workers.hold(lab.id(FIRST));
  await reportIdle(lab, FIRST);
  await lab.pass(10_000);
  const Tags = [{ Key: "kas:protected", Value: "true" }];
  await lab.cloud.elsewhere("ec2", "CreateTags", { Resources: [lab.id(FIRST)], Tags });
  await askForMore(lab);
  lab.cloud.workers.release();
  await lab.pass(6 * MINUTE);
  assertEquals(state(lab, FIRST), "running");
  assertEquals(startedIds(lab), [lab.id(SECOND)]);
});
