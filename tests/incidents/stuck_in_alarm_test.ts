/**
 * CloudWatch tells SNS of a change of state, once. An alarm that stays in ALARM is silent, so that whoever goes by
 * notifications alone makes one step and then never another, and a notification that gets lost is none at all; only Auto
 * Scaling's own actions are repeated.
 *
 * kas reads its alarms at every resync, and takes what persists for a repeated notification (R2).
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Acting_Alarm_Changes.html,
 * https://repost.aws/knowledge-center/autoscaling-policy-cloudwatch-alarm
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { countInService, openPolledLab } from "../support/lab/script.ts";

Deno.test("a fleet that stays overloaded keeps growing without any notification (R2)", async () => {
  await using lab = await openPolledLab(
    fleetOf([false, false, false], { limits: { ...AT_ONCE, resync: 60_000 } }),
  );
  lab.cloud.machines.demand = 2.5;
  await lab.pass(900_000);
  assertEquals(countInService(lab), 4);
});
