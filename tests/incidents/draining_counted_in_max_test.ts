/**
 * Escalator counted nodes that it had marked for removal (tainted) towards the maximum. When the load increased again and the
 * number of nodes was max_nodes, it neither kept a marked node nor added a node.
 *
 * kas does not count leaving instances, and first registers one of them again (R3, R7).
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

Deno.test("at max capacity, kas can put a draining node back into service (R3, R7)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true], { kind: true, limits: { ...AT_ONCE, max: 2 } }));
  await holdRequests(lab);
  await reportIdle(lab, FIRST);
  await lab.pass(30_000);
  assertEquals(lab.status(FIRST), "running draining");
  await askForMore(lab);
  await lab.pass(30_000);
  assertEquals([lab.status(FIRST), startedIds(lab)], ["running in-service", []]);
});
