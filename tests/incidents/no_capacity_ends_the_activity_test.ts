/**
 * When EC2 answered a scale-up of terraform-aws-github-runner with InsufficientInstanceCapacity, the scale-up ended and its
 * event was lost. The job waited until somebody cancelled it.
 *
 * kas tries the next candidate in the same activity. It prefers another zone (R7).
 *
 * Source: https://github.com/github-aws-runners/terraform-aws-github-runner/issues/2925
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, countInService, FIRST, openNotifiedLab, startedIds } from "../support/lab/script.ts";

Deno.test("if EC2 lacks capacity for a node, kas immediately starts a different node (R7)", async () => {
  await using lab = await openNotifiedLab(fleetOf([false, false, false], { kind: true }));
  lab.cloud.faults.noCapacity.add(lab.id(FIRST));
  await askForMore(lab);
  await lab.pass(60_000);
  assertEquals([startedIds(lab).length, countInService(lab)], [1, 2]);
});
