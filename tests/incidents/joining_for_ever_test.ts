/**
 * Kubernetes' cluster-autoscaler counted nodes that never became ready as nodes that were starting. It waited for them, and
 * added no other node. In kas, an instance counts as joining for at most `--start-timeout`, from its launch or from when it
 * began to fail its health checks. After that time it does not count as capacity. A quarantined instance, or one whose start
 * kas is rolling back, does not count either (R3).
 *
 * Source: https://github.com/kubernetes/autoscaler/issues/197, https://github.com/kubernetes/autoscaler/pull/602
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AwsError } from "../../src/sandbox/wire/action.ts";
import { FLEET } from "../support/lab/cloud.ts";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import type { Lab, Watcher } from "../support/lab/lab.ts";
import { askForMore, FIRST, openNotifiedLab } from "../support/lab/script.ts";

const LIMITS = { ...AT_ONCE, max: 2, resync: 60_000 };

/** Starts a node that never becomes healthy, and registers it, as somebody other than kas. */
async function startBroken(lab: Lab): Promise<void> {
  const id = lab.id(FIRST);
  lab.cloud.machines.broken.add(id);
  await lab.cloud.elsewhere("ec2", "StartInstances", { InstanceIds: [id] });
  await lab.pass(1_000);
  await lab.cloud.elsewhere("elb", "RegisterInstancesWithLoadBalancer", {
    LoadBalancerName: FLEET,
    Instances: [{ InstanceId: id }],
  });
}

Deno.test("kas starts another node if a registered node does not become healthy (R3)", async () => {
  const plan = fleetOf([false, false], { limits: LIMITS, startTimeout: 300_000 });
  await using lab = await openNotifiedLab(plan);
  await startBroken(lab);
  await lab.pass(120_000);
  assertEquals(lab.status(FIRST), "running out-of-service");
  await askForMore(lab);
  await lab.pass(30_000);
  assertEquals(lab.status(2), "stopped none", "its place is taken while it may come into service");
  await lab.pass(300_000);
  await askForMore(lab);
  await lab.pass(180_000);
  assertEquals(lab.status(2), "running in-service");
});

Deno.test("the time for which a node has been joining continues after a restart of the autoscaler (R3, R13)", async () => {
  const plan = fleetOf([false, false], { limits: LIMITS, startTimeout: 300_000 });
  await using lab = await openNotifiedLab(plan);
  await startBroken(lab);
  await lab.pass(300_000);
  await lab.shutDown();
  await lab.start();
  await lab.pass(120_000);
  await askForMore(lab);
  await lab.pass(180_000);
  assertEquals(lab.status(2), "running in-service");
});

Deno.test("kas starts another node if the rollback of a failed start does not end (R3)", async () => {
  let denied = "";
  const onCall: Watcher["onCall"] = ({ action, input, moment }) => {
    if (action !== "StopInstances" || moment !== "before" || !JSON.stringify(input).includes(denied)) return;
    throw new AwsError("InternalError", "An internal error has occurred", 500);
  };
  const plan = fleetOf([false, false], { kind: true, limits: LIMITS, startTimeout: 60_000 });
  await using lab = await openNotifiedLab(plan, { onCall });
  denied = lab.id(FIRST);
  lab.cloud.machines.broken.add(denied);
  lab.cloud.faults.noCapacity.add(lab.id(2));
  await askForMore(lab);
  await lab.pass(200_000);
  assertEquals(lab.status(FIRST), "running none", "its rollback goes on");
  lab.cloud.faults.noCapacity.clear();
  await askForMore(lab);
  await lab.pass(120_000);
  assertEquals(lab.status(2), "running in-service");
});
