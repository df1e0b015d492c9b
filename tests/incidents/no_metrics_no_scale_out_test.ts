/**
 * Nomad's autoscaler scaled a pool to zero nodes, and never scaled it out again. Its metrics came from the nodes of the pool.
 * Without nodes, its check failed with "no nodes identified within pool".
 *
 * kas needs only an alarm to start a node, and no datapoint (R3, R6).
 *
 * Source: https://github.com/hashicorp/nomad-autoscaler/issues/424, https://github.com/hashicorp/nomad-autoscaler/issues/530
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab } from "../support/lab/script.ts";

Deno.test("kas starts a node on an alarm even if no instance has a CPU datapoint", async () => {
  await using lab = await openNotifiedLab(fleetOf([false], { kind: true }));
  await askForMore(lab);
  await lab.pass(50_000);
  assertEquals(lab.status(FIRST), "running in-service");
});
