/**
 * EC2 refuses to stop some instances: protected instances, one-time Spot instances, and instances with an instance-store root
 * volume. Schedulers and autoscalers tried to stop the same instance again and again, and never tried another one. kas drains
 * no instance that EC2 will refuse to stop, as far as kas knows, and selects the next candidate. It remembers a refusal until
 * the protection is off (R8, R10).
 *
 * Source: https://github.com/cloud-custodian/cloud-custodian/issues/8003, https://github.com/jenkinsci/ec2-plugin/pull/33
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AwsError } from "../../src/sandbox/wire/action.ts";
import { AT_ONCE, fleetOf, type FleetPlan } from "../support/lab/fleet_plan.ts";
import { Lab, type Watcher } from "../support/lab/lab.ts";
import { FIRST } from "../support/lab/script.ts";

const HOUR = 3_600_000;

/** A fleet whose base instance could carry the load alone. */
async function idleLab(more: Partial<FleetPlan> = {}, watcher: Watcher = {}): Promise<Lab> {
  const limits = { ...AT_ONCE, ...more.limits, cooldownIn: 60_000, resync: 60_000 };
  const lab = await Lab.open(fleetOf([true, true, true], { kind: true, ...more, limits }), watcher);
  lab.cloud.machines.demand = 0.1;
  return lab;
}

/** Returns how often kas deregistered an instance. */
function drains({ cloud }: Lab, id: string): number {
  return cloud.calls.filter(({ action, input }) =>
    action === "DeregisterInstancesFromLoadBalancer" && JSON.stringify(input).includes(id)
  ).length;
}

const IDLE = ["running in-service", "stopped none", "stopped none"];

Deno.test("kas does not drain a protected node, stops the other nodes, and stops the node after its protection is off", async () => {
  await using lab = await idleLab();
  lab.cloud.faults.protectedInstances.add(lab.id(FIRST));
  await lab.start();
  await lab.pass(3 * HOUR);
  assertEquals([FIRST, 2, 3].map((place) => lab.status(place)), IDLE);
  assertEquals(drains(lab, lab.id(FIRST)), 0);
  lab.cloud.faults.protectedInstances.clear();
  await lab.pass(HOUR);
  assertEquals(lab.status(FIRST), "stopped none");
});

Deno.test("kas remembers a refusal after a restart", async () => {
  await using lab = await idleLab();
  lab.cloud.faults.protectedInstances.add(lab.id(FIRST));
  await lab.start();
  await lab.pass(HOUR);
  const asked = () => lab.cloud.calls.filter(({ action }) => action === "DescribeInstanceAttribute").length;
  const before = asked();
  await lab.shutDown();
  await lab.start();
  await lab.pass(HOUR);
  assertEquals(lab.status(FIRST), "running in-service");
  assert(asked() - before <= 5, `asked ${asked() - before} times in an hour`);
});

for (const unstoppable of ["one-time-spot", "instance-store"] as const) {
  Deno.test(`kas never drains a node that EC2 cannot stop (${unstoppable}), and stops the other nodes`, async () => {
    const plan = fleetOf([true, true, true]);
    const nodes = plan.nodes.map((node, i) => (i === 0 ? { ...node, unstoppable } : node));
    await using lab = await idleLab({ nodes });
    await lab.start();
    await lab.pass(HOUR);
    assertEquals([FIRST, 2, 3].map((place) => lab.status(place)), IDLE);
    assertEquals(drains(lab, lab.id(FIRST)), 0);
  });
}

for (const [action, shrink] of [["StopInstances", "stop"], ["TerminateInstances", "terminate"]] as const) {
  Deno.test(`if EC2 refuses ${action} of a node without protection, kas drains the node at most once a day, and selects other nodes`, async () => {
    let stuck = "";
    const onCall: Watcher["onCall"] = (call) => {
      if (call.action !== action || call.moment !== "before" || !JSON.stringify(call.input).includes(stuck)) {
        return;
      }
      throw new AwsError("UnsupportedOperation", "It is not possible for this instance");
    };
    await using lab = await idleLab({ limits: { ...AT_ONCE, shrink } }, { onCall });
    stuck = lab.id(FIRST);
    await lab.start();
    await lab.pass(3 * HOUR);
    const gone = [2, 3].map((place) => lab.cloud.truth(lab.id(place))?.state);
    assertEquals([lab.status(FIRST), ...gone], [
      "running in-service",
      ...Array(2).fill(shrink === "stop" ? "stopped" : undefined),
    ]);
    assertEquals(drains(lab, stuck), 1);
  });
}
