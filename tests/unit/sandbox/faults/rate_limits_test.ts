import { assertEquals } from "@std/assert";
import { limitOf, RateLimits } from "../../../../src/sandbox/faults/rate_limits.ts";
import { handClock } from "../hand_clock.ts";

Deno.test("RateLimits.take() permits as many calls as a bucket has tokens, and refills the bucket in sandbox time", () => {
  const clock = handClock(10);
  const limits = new RateLimits(clock);
  const allowed = (service: string, action: string, calls: number, input = {}) =>
    Array.from({ length: calls }, () => limits.take(service, action, input)).filter((taken) => taken).length;
  assertEquals(allowed("monitoring", "PutMetricAlarm", 10), 3);
  assertEquals(allowed("monitoring", "DescribeAlarms", 20), 9);
  assertEquals(allowed("ec2", "StartInstances", 10), 5);
  assertEquals(allowed("ec2", "DescribeInstances", 200, { Filters: [] }), 100);
  assertEquals(allowed("ec2", "DescribeInstances", 200, { InstanceIds: ["i-1"] }), 50);
  assertEquals(allowed("ec2", "DescribeVolumes", 200), 100);
  assertEquals(allowed("ec2", "MonitorInstances", 200), 50);
  assertEquals(allowed("elasticloadbalancing", "DescribeInstanceHealth", 100), 40);
  assertEquals(allowed("sns", "Publish", 1_000), 1_000);
  clock.advance(1_000);
  assertEquals(allowed("monitoring", "PutMetricAlarm", 10), 3);
  assertEquals(allowed("ec2", "StartInstances", 10), 2);
  clock.advance(60_000);
  assertEquals(allowed("ec2", "StartInstances", 10), 5);
});

Deno.test("every action that kas uses has the limit that AWS documents, if AWS documents one", async () => {
  const services = {
    cloudwatch: "monitoring",
    ec2: "ec2",
    elb: "elasticloadbalancing",
    elbv2: "elasticloadbalancing-v2",
    sns: "sns",
  };
  const unlimited: string[] = [];
  for (const [module, service] of Object.entries(services)) {
    const sdk = await Deno.readTextFile(new URL(`../../../../src/aws/sdk/${module}.ts`, import.meta.url));
    for (const [, action = ""] of sdk.matchAll(/^ {2}(\w+)Command,$/gm)) {
      if (limitOf(service, action) === undefined) unlimited.push(action);
    }
  }
  // The SNS API names no rate for these.
  assertEquals(unlimited, [
    "ConfirmSubscription",
    "CreateTopic",
    "DeleteTopic",
    "GetSubscriptionAttributes",
    "GetTopicAttributes",
    "SetSubscriptionAttributes",
    "SetTopicAttributes",
  ]);
});

Deno.test("registrations, changes and reads of load balancers have buckets of their own", () => {
  const limits = new RateLimits(handClock(1));
  const allowed = (action: string) =>
    Array.from({ length: 100 }, () => limits.take("elasticloadbalancing-v2", action)).filter((taken) => taken)
      .length;
  assertEquals(["RegisterTargets", "ModifyTargetGroup", "DescribeTargetHealth"].map(allowed), [20, 20, 40]);
});
