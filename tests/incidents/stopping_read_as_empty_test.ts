/**
 * Cloudbreak's start of a cluster whose nodes were still on their way down did not finish: "Instance is in stopping state."
 *
 * For kas a node that is stopping is one that is coming: with none stopped it is waited for, and started as soon as that is
 * possible (R7).
 *
 * Source: https://github.com/hortonworks/cloudbreak/pull/12026
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab, reportIdle, startedIds } from "../support/lab/script.ts";

Deno.test("with no node stopped, one that is stopping is waited for and started (R7)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true]));
  await reportIdle(lab, FIRST);
  await lab.pass(8_000);
  assertEquals(lab.status(FIRST), "stopping none");
  await askForMore(lab);
  await lab.pass(120_000);
  assertEquals([lab.status(FIRST), startedIds(lab)], ["running in-service", [lab.id(FIRST)]]);
});
