/**
 * CloudWatch notifies SNS once when an alarm changes its state, and not again while the alarm stays in ALARM. So an
 * autoscaler that uses only notifications acts only once, or not at all if the notification is lost. CloudWatch repeats only
 * the actions of EC2 Auto Scaling.
 *
 * kas reads its alarms at every reconcile. An alarm that stays in ALARM counts as a repeated notification (R2).
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
