/**
 * Nodes that had never become ready, or had failed for good, counted as nodes on their way. Kubernetes' cluster-autoscaler waited for
 * them, and added no other.
 *
 * In kas joining is bounded: an instance that is not in service `--start-timeout` after its launch, or after it began to fail, is no
 * capacity any more. Neither is one that kas has quarantined or is rolling back (R3).
 *
 * Source: https://github.com/kubernetes/autoscaler/issues/197, https://github.com/kubernetes/autoscaler/pull/602
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AwsError } from "../../src/sandbox/wire/action.ts";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import type { Watcher } from "../support/lab/lab.ts";
import { askForMore, FIRST, openNotifiedLab } from "../support/lab/script.ts";

const LIMITS = { ...AT_ONCE, max: 2, resync: 60_000 };

Deno.test("another node takes the place of a registered node that does not get healthy again (R3)", async () => {
  const plan = fleetOf([true, false], { limits: LIMITS, startTimeout: 300_000 });
  await using lab = await openNotifiedLab(plan);
  lab.cloud.machines.broken.add(lab.id(FIRST));
  await lab.pass(120_000);
  assertEquals(lab.status(FIRST), "running out-of-service");
  await askForMore(lab);
  await lab.pass(30_000);
  assertEquals(lab.status(2), "stopped none", "its place is taken while it may come back");
  await lab.pass(300_000);
  await askForMore(lab);
  await lab.pass(180_000);
  assertEquals(lab.status(2), "running in-service");
});

Deno.test("a restart of the autoscaler does not begin the time of a failing node again (R3, R13)", async () => {
  const plan = fleetOf([true, false], { limits: LIMITS, startTimeout: 300_000 });
  await using lab = await openNotifiedLab(plan);
  lab.cloud.machines.broken.add(lab.id(FIRST));
  await lab.pass(300_000);
  await lab.shutDown();
  await lab.start();
  await lab.pass(120_000);
  await askForMore(lab);
  await lab.pass(180_000);
  assertEquals(lab.status(2), "running in-service");
});

Deno.test("another node takes the place of a failed start whose rollback does not end (R3)", async () => {
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
