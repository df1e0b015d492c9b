/**
 * Cloudbreak could not start a cluster whose nodes were still stopping: "Instance is in stopping state."
 *
 * In kas an instance that is stopping is a candidate if none is stopped. The start waits until it has stopped (R7).
 *
 * Source: https://github.com/hortonworks/cloudbreak/pull/12026
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab, reportIdle, startedIds } from "../support/lab/script.ts";

Deno.test("if no node is stopped, a scale-out waits for a node that is stopping (R7)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true], { kind: true }));
  await reportIdle(lab, FIRST);
  await lab.pass(8_000);
  assertEquals(lab.status(FIRST), "stopping none");
  await askForMore(lab);
  await lab.pass(120_000);
  assertEquals([lab.status(FIRST), startedIds(lab)], ["running in-service", [lab.id(FIRST)]]);
});
