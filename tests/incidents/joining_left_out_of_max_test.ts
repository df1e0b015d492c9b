/**
 * When Kubernetes' cluster-autoscaler compared a scale-up with --max-nodes-total, it did not count nodes that were still
 * starting. So the number of nodes exceeded --max-nodes-total.
 *
 * kas counts the instances in service and the joining instances (R3).
 *
 * Source: https://github.com/kubernetes/autoscaler/pull/1516
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, countInService, openNotifiedLab, startedIds } from "../support/lab/script.ts";

Deno.test("instances that are joining the fleet count towards max capacity (R3)", async () => {
  await using lab = await openNotifiedLab(
    fleetOf([false, false, false, false], { kind: true, limits: { ...AT_ONCE, max: 2 } }),
  );
  for (let alarms = 0; alarms < 4; alarms++) {
    await askForMore(lab);
    await lab.pass(1_000);
  }
  await lab.pass(120_000);
  assertEquals([startedIds(lab).length, countInService(lab)], [1, 2]);
});
