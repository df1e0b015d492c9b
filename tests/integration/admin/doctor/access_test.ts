import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { assertEquals, assertMatch } from "@std/assert";
import { assertProblem, idle, problem, settled, wired } from "./wired.ts";

Deno.test("doctor fails without credentials, and skips the checks that need AWS", async () => {
  await using w = await wired();
  const { status, rows } = await w.doctor("--profile nosuch");
  assertEquals(status, 1);
  assertProblem(rows, "credentials", { remedy: /AWS_ACCESS_KEY_ID/ });
  assertEquals(rows.filter(({ result }) => result === "failed").length, 1);
});

Deno.test("doctor fails if AWS is unreachable", async () => {
  await using w = await wired();
  const { status, rows } = await w.doctor("--endpoint-url http://127.0.0.1:1");
  assertEquals(status, 1);
  assertProblem(rows, "credentials", { names: ["http://127.0.0.1:1"], remedy: /--endpoint-url/ });
});

for (
  const [fault, result, skew] of [
    ["clock=1h", "failed", /clock is 3[56]\d\d s behind AWS's/],
    ["clock=-1h", "failed", /clock is 3[56]\d\d s ahead of AWS's/],
    ["clock=30s", "warning", /clock is (29|30|31) s behind AWS's/],
  ] as const
) {
  Deno.test(`doctor finds a wrong clock: ${fault}`, async () => {
    await using w = await wired();
    w.fleet.sandbox.faults.set(fault);
    const { rows } = await w.doctor();
    assertProblem(rows, "clock", { result, remedy: "sudo timedatectl set-ntp true" });
    assertMatch(problem(rows, "clock").detail, skew);
    w.fleet.sandbox.faults.clear();
    await settled(w);
  });
}

for (
  const [action, result, policy] of [
    ["StartInstances", "failed", "autoscaler"],
    ["StopInstances", "failed", "autoscaler"],
    ["CreateTags", "failed", "autoscaler"],
    ["RunInstances", "warning", "admin"],
  ] as const
) {
  Deno.test(`doctor finds by DryRun that ${action} is denied`, async () => {
    await using w = await wired();
    w.fleet.sandbox.faults.set(`deny=ec2:${action}`);
    const { status, rows } = await w.doctor();
    assertEquals(status, result === "failed" ? 1 : 0);
    const remedy = `kas admin iam-policy ${policy}`;
    assertProblem(rows, "permissions", { result, names: [`ec2:${action}`], remedy });
  });
}

Deno.test("doctor reports a denied read request once, skips the checks that need the request, and runs all other checks", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.set("deny=cloudwatch:DescribeAlarms");
  const { status, rows } = await w.doctor();
  assertEquals(status, 1);
  const names = ["cloudwatch:DescribeAlarms"];
  assertProblem(rows, "reading", { names, remedy: "kas admin iam-policy admin" });
  const skipped = rows.filter(({ result }) => result === "skipped");
  assertEquals(
    skipped.map(({ check, detail }) => [check, detail.includes("cloudwatch:DescribeAlarms")]),
    [
      "monitoring",
      "alarms",
      "alarm-actions",
      "alarm-comparison",
      "thresholds",
      "credits",
      "vcpus",
      "stray-alarms",
    ]
      .map((check) => [check, true]),
  );
});

Deno.test("doctor runs all other checks if one request to AWS fails", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.onCall = ({ action }) => {
    if (action === "DescribeInstanceHealth") throw new Error("down");
  };
  const { rows } = await w.doctor();
  w.fleet.sandbox.faults.onCall = undefined;
  // kas admin setup changed the states of alarms. So the autoscaler may also have made the call that fails.
  await idle(w.url);
  assertMatch(problem(rows, "reading").detail, /^elasticloadbalancing:DescribeInstanceHealth: .*down/);
  assertEquals(rows.filter(({ result }) => result === "skipped").map(({ check }) => check), [
    "registered",
    "health",
  ]);
});

Deno.test("doctor checks the permissions of an autoscaler that launches and terminates instances", async () => {
  await using w = await wired();
  const LaunchTemplateData = { ImageId: "ami-1" };
  const ec2 = await w.aws.ec2();
  await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: "ours", LaunchTemplateData }));
  const permissions = async (template: string) => {
    const { rows } = await w.doctor(`--url ${w.url} --grow ${template} --shrink terminate --max 4`);
    return rows.find(({ check }) => check === "permissions");
  };
  const allowed = await permissions("ours");
  assertEquals(allowed?.result, "ok");
  assertEquals(allowed?.detail.match(/\b\w+Instances\b|\bCreateTags\b/g), [
    "StartInstances",
    "StopInstances",
    "CreateTags",
    "TerminateInstances",
    "RunInstances",
  ]);
  assertMatch((await permissions("gone"))?.detail ?? "", /^ec2:RunInstances .*\bgone\b/);
  w.fleet.sandbox.faults.set("deny=ec2:RunInstances");
  const denied = await permissions("ours");
  assertProblem(denied === undefined ? [] : [denied], "permissions", {
    names: ["ec2:RunInstances"],
    remedy: "kas admin iam-policy autoscaler --grow ours --shrink terminate",
  });
});
