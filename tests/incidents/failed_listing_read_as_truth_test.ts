/**
 * When a cloud provider's API failed for a while, Kubernetes concluded that its nodes did not exist any more, and deleted them.
 *
 * kas makes decisions only from complete observations. If a part of an observation fails, the message stays in the inbox, and
 * kas tries again (R12, R14).
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

Deno.test("if kas cannot read the load balancer, kas does not assume that the fleet has no instances in service", async () => {
  let failing = false;
  const passing = ({ action }: CallEvent) => {
    if (failing && action === "DescribeInstanceHealth") throw new AwsError("InternalFailure", "", 500);
  };
  await using lab = await openNotifiedLab(
    fleetOf([true, false], { kind: true, limits: { ...AT_ONCE, max: 2 } }),
    {
      onCall: passing,
    },
  );
  failing = true;
  await askForMore(lab);
  await lab.pass(60_000);
  assertEquals([startedIds(lab), lab.kas.inbox.waiting()], [[], 1]);
  failing = false;
  await lab.pass(30_000);
  assertEquals([startedIds(lab), lab.kas.inbox.waiting()], [[], 0]);
});
