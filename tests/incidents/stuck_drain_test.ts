/**
 * While a node did not finish draining, Nomad's autoscaler did nothing else for the same scaling policy. In Kubernetes'
 * cluster-autoscaler, one drain in progress delayed every other deletion.
 *
 * In kas, scaling in never delays scaling out. A scale-out registers the draining instance again, or starts another instance
 * at the same time (R10, R7).
 *
 * Source: https://github.com/hashicorp/nomad-autoscaler/issues/879, https://github.com/kubernetes/autoscaler/issues/5117
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, FIRST, holdRequests, openNotifiedLab, reportIdle } from "../support/lab/script.ts";

Deno.test("an instance that does not finish draining does not delay scaling out (R10, R7)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true, false], { kind: true, drainTimeout: 3_000_000 }));
  await holdRequests(lab);
  await reportIdle(lab, FIRST);
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "running draining");
  await askForMore(lab);
  await lab.pass(1_000);
  await askForMore(lab);
  await lab.pass(90_000);
  assertEquals([lab.status(FIRST), lab.status(2)], ["running in-service", "running in-service"]);
});
