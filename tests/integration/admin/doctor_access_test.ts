import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { assertEquals, assertMatch } from "@std/assert";
import { atRest, problem, settled, wired } from "./wired.ts";

Deno.test("doctor says that there are no credentials, and skips what it can't know", async () => {
  await using w = await wired();
  const { status, rows } = await w.doctor("--profile nosuch");
  assertEquals(status, 1);
  assertMatch(problem(rows, "credentials").detail, /no AWS credentials: .*; try: set AWS_ACCESS_KEY_ID/);
  assertEquals(rows.filter(({ result }) => result === "failed").length, 1);
});

Deno.test("doctor says that AWS is unreachable", async () => {
  await using w = await wired();
  const { status, rows } = await w.doctor("--endpoint-url http://127.0.0.1:1");
  assertEquals(status, 1);
  assertMatch(
    problem(rows, "credentials").detail,
    /AWS is unreachable: cannot reach http:\/\/127\.0\.0\.1:1/,
  );
});

for (
  const [fault, result, says] of [
    [
      "clock=1h",
      "failed",
      /clock is 3[56]\d\d s behind AWS's, which refuses signatures from 300 s on; try: sudo timedatectl/,
    ],
    ["clock=-1h", "failed", /clock is 3[56]\d\d s ahead of AWS's/],
    ["clock=30s", "warning", /clock is (29|30|31) s behind AWS's; try: sudo timedatectl/],
  ] as const
) {
  Deno.test(`doctor finds a clock that is off: ${fault}`, async () => {
    await using w = await wired();
    w.fleet.sandbox.faults.set(fault);
    const row = problem((await w.doctor()).rows, "clock");
    assertEquals(row.result, result);
    assertMatch(row.detail, says);
    w.fleet.sandbox.faults.clear();
    await settled(w);
  });
}

for (
  const [action, result] of [
    ["StartInstances", "failed"],
    ["StopInstances", "failed"],
    ["CreateTags", "failed"],
    ["RunInstances", "warning"],
  ] as const
) {
  Deno.test(`doctor finds by DryRun that ${action} is denied`, async () => {
    await using w = await wired();
    w.fleet.sandbox.faults.set(`deny=ec2:${action}`);
    const { status, rows } = await w.doctor();
    const row = problem(rows, "permissions");
    assertEquals([row.result, status], [result, result === "failed" ? 1 : 0]);
    assertMatch(row.detail, new RegExp(`^ec2:${action} is denied.*; try: kas admin iam-policy`));
  });
}

Deno.test("a read that is denied is told once with its permission; what rests on it is skipped, the rest is checked", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.set("deny=cloudwatch:DescribeAlarms");
  const { status, rows } = await w.doctor();
  assertEquals(status, 1);
  assertEquals(
    problem(rows, "reading").detail,
    "cloudwatch:DescribeAlarms is denied; try: kas admin iam-policy admin",
  );
  assertEquals(
    rows.filter(({ result }) => result === "skipped").map(({ check, detail }) => `${check}: ${detail}`),
    [
      "alarms: not known: cloudwatch:DescribeAlarms gave no answer",
      "alarm-actions: not known: cloudwatch:DescribeAlarms gave no answer",
      "alarm-comparison: not known: cloudwatch:DescribeAlarms gave no answer",
      "thresholds: not known: cloudwatch:DescribeAlarms gave no answer",
      "stray-alarms: not known: cloudwatch:DescribeAlarms gave no answer",
    ],
  );
});

Deno.test("an AWS that fails in one place leaves doctor the others", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.onCall = ({ action }) => {
    if (action === "DescribeInstanceHealth") throw new Error("down");
  };
  const { rows } = await w.doctor();
  w.fleet.sandbox.faults.onCall = undefined;
  // Setting up made alarms change, at which the autoscaler may have met it too.
  await atRest(w.url);
  assertMatch(problem(rows, "reading").detail, /^elasticloadbalancing:DescribeInstanceHealth: Error: down/);
  assertEquals(rows.filter(({ result }) => result === "skipped").map(({ check }) => check), [
    "registered",
    "health",
  ]);
});

Deno.test("doctor asks for what an autoscaler that launches and terminates instances needs", async () => {
  await using w = await wired();
  const LaunchTemplateData = { ImageId: "ami-1" };
  const ec2 = await w.aws.ec2();
  await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: "ours", LaunchTemplateData }));
  const words = (template: string) => `--url ${w.url} --grow ${template} --shrink terminate --max 4`;
  const answer = async (template: string) =>
    (await w.doctor(words(template))).rows.find(({ check }) => check === "permissions");
  assertEquals(
    (await answer("ours"))?.detail,
    "EC2 allows StartInstances, StopInstances, CreateTags, TerminateInstances, RunInstances",
  );
  assertMatch(
    (await answer("gone"))?.detail ?? "",
    /^ec2:RunInstances would fail: .* template name gone, does not exist/,
  );
  w.fleet.sandbox.faults.set("deny=ec2:RunInstances");
  const { result, detail } = await answer("ours") ?? {};
  assertEquals([result, detail], [
    "failed",
    "ec2:RunInstances is denied to these credentials; try: kas admin iam-policy autoscaler --grow ours --shrink terminate",
  ]);
});
