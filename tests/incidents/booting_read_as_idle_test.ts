/**
 * Karpenter's consolidation removed new nodes before Kubernetes scheduled pods to them, and then launched other nodes. This
 * repeated for up to an hour.
 *
 * kas stops no instance before the instance has been in service for the warm-up, so it does not mistake a booting instance
 * for an idle one (R5).
 *
 * Source: https://github.com/aws/karpenter-provider-aws/issues/2468, https://github.com/aws/karpenter-provider-aws/issues/4341
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, FIRST, notify, openNotifiedLab, reportIdle } from "../support/lab/script.ts";

Deno.test("kas does not stop an idle node that came into service a moment ago (R5)", async () => {
  await using lab = await openNotifiedLab(
    fleetOf([false], { kind: true, limits: { ...AT_ONCE, warmup: 300_000 } }),
  );
  await askForMore(lab);
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "running in-service");
  await notify(lab, `cpulow:${lab.id(FIRST)}`, "OK", "INSUFFICIENT_DATA");
  await lab.pass(60_000);
  await reportIdle(lab, FIRST);
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "running in-service");
  await lab.pass(300_000);
  await reportIdle(lab, FIRST);
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "stopped none");
});
