/**
 * Escalator counted nodes that it had tainted to go towards the maximum: with max_nodes reached by them, nothing was untainted
 * when load came back, and nothing added.
 *
 * kas does not count what is on its way out, and takes that back first (R3, R7).
 *
 * Source: https://github.com/atlassian/escalator/issues/107
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import {
  askForMore,
  FIRST,
  holdRequests,
  openNotifiedLab,
  reportIdle,
  startedIds,
} from "../support/lab/script.ts";

Deno.test("at max with a node that is draining, that node is taken back (R3, R7)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true], { limits: { ...AT_ONCE, max: 2 } }));
  await holdRequests(lab);
  await reportIdle(lab, FIRST);
  await lab.pass(30_000);
  assertEquals(lab.status(FIRST), "running draining");
  await askForMore(lab);
  await lab.pass(30_000);
  assertEquals([lab.status(FIRST), startedIds(lab)], ["running in-service", []]);
});
