/**
 * Kubernetes' cluster-autoscaler keeps its scale-down timers in memory, so that they begin again at each restart of its pod.
 * Knative's autoscaler did not remember anything from before a crash either, and scaled down at once.
 *
 * kas reads the last change of capacity from its journal on disk (R5, R13).
 *
 * Source: https://github.com/kubernetes/autoscaler/pull/8057, https://github.com/knative/serving/issues/2705
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { FIRST, openNotifiedLab, reportIdle } from "../support/lab/script.ts";

Deno.test("a cooldown continues after a crash of the autoscaler (R5, R13)", async () => {
  await using lab = await openNotifiedLab(
    fleetOf([true, true], { kind: true, limits: { ...AT_ONCE, cooldownIn: 600_000 } }),
  );
  await reportIdle(lab, FIRST);
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "stopped none");
  lab.kill(1_000);
  // By now the datapoints are newer than the change of capacity, so that only the cooldown holds the scale-in.
  await lab.pass(180_000);
  await reportIdle(lab, 2);
  await lab.pass(60_000);
  assertEquals(lab.status(2), "running in-service");
  await lab.pass(600_000);
  await reportIdle(lab, 2);
  await lab.pass(60_000);
  assertEquals(lab.status(2), "stopped none");
});
