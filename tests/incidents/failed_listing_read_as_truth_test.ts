/**
 * Where the cloud provider's API failed for a while, Kubernetes took its nodes for gone and deleted them.
 *
 * kas decides on the whole of what it asked for or not at all: a part that fails has the message wait (R12, R14).
 *
 * Source: https://github.com/kubernetes/kubernetes/issues/41850
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { CallEvent } from "../../src/sandbox/faults/faults.ts";
import { AwsError } from "../../src/sandbox/wire/action.ts";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, openNotifiedLab, startedIds } from "../support/lab/script.ts";

Deno.test("a fleet whose load balancer can't be asked is not taken for one without anybody in service", async () => {
  let failing = false;
  const passing = ({ action }: CallEvent) => {
    if (failing && action === "DescribeInstanceHealth") throw new AwsError("InternalFailure", "", 500);
  };
  await using lab = await openNotifiedLab(fleetOf([true, false], { limits: { ...AT_ONCE, max: 2 } }), {
    onCall: passing,
  });
  failing = true;
  await askForMore(lab);
  await lab.pass(60_000);
  assertEquals([startedIds(lab), lab.kas.inbox.waiting()], [[], 1]);
  failing = false;
  await lab.pass(30_000);
  assertEquals([startedIds(lab), lab.kas.inbox.waiting()], [[], 0]);
});
