/**
 * Kubernetes' cluster-autoscaler keeps its scale-down timers in memory. They begin again whenever its pod restarts. Knative's
 * autoscaler also kept its state in memory, and scaled down at once after a crash.
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
  // Now the datapoints are newer than the change of capacity, so only the cooldown holds the scale-in back.
  await lab.pass(180_000);
  await reportIdle(lab, 2);
  await lab.pass(60_000);
  assertEquals(lab.status(2), "running in-service");
  await lab.pass(600_000);
  await reportIdle(lab, 2);
  await lab.pass(60_000);
  assertEquals(lab.status(2), "stopped none");
});
