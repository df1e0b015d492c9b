/**
 * Cloudbreak could not start a cluster whose nodes were still stopping: "Instance is in stopping state."
 *
 * If kas has no stopped node, it selects a node that is stopping. It waits until the node has stopped, and starts it then (R7).
 *
 * Source: https://github.com/hortonworks/cloudbreak/pull/12026
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab, reportIdle, startedIds } from "../support/lab/script.ts";

Deno.test("if no node is stopped, kas waits until a stopping node has stopped, and starts it (R7)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true], { kind: true }));
  await reportIdle(lab, FIRST);
  await lab.pass(8_000);
  assertEquals(lab.status(FIRST), "stopping none");
  await askForMore(lab);
  await lab.pass(120_000);
  assertEquals([lab.status(FIRST), startedIds(lab)], ["running in-service", [lab.id(FIRST)]]);
});
