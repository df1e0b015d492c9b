/**
 * CloudWatch notifies SNS once when an alarm changes its state. An alarm that stays in ALARM is silent, so an autoscaler that only
 * uses notifications acts once and never again, or not at all if the notification is lost. Only Auto Scaling's own actions are
 * repeated.
 *
 * kas reads its alarms at every reconciliation, and an alarm that persists counts like a repeated notification (R2).
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Acting_Alarm_Changes.html,
 * https://repost.aws/knowledge-center/autoscaling-policy-cloudwatch-alarm
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { countInService, openPolledLab } from "../support/lab/script.ts";

Deno.test("kas keeps scaling out an overloaded fleet without further notifications (R2)", async () => {
  await using lab = await openPolledLab(
    fleetOf([false, false, false], { kind: true, limits: { ...AT_ONCE, resync: 60_000 } }),
  );
  lab.cloud.machines.demand = 2.5;
  await lab.pass(900_000);
  assertEquals(countInService(lab), 4);
});
