import {
  AuthorizeSecurityGroupIngressCommand,
  CreateTagsCommand,
  RevokeSecurityGroupIngressCommand,
} from "@aws-sdk/client-ec2";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../../../support/kas.ts";
import { BASE, NODE } from "../../../unit/admin/fleet.ts";
import { assertProblem, problem, remedyOf, repair, run, settled, wired } from "./wired.ts";
import { PROBLEMS } from "./problems.ts";

Deno.test("after kas admin setup, every check of kas admin doctor passes, and doctor exits with status 0", async () => {
  await using w = await wired();
  const { status, rows } = await eventually(
    () => w.doctor(),
    ({ rows }) => rows.every(({ result }) => result === "ok"),
  );
  assertEquals(status, 0);
  assertEquals(new Set(rows.map(({ check }) => check)).size, rows.length);
  assertEquals((await w.fleet.kas("doctor")).status, 0);
  const { out } = await w.fleet.kas(`doctor --url ${w.url} --problems --output tsv`);
  assertEquals(out, "check\tresult\tdetail\n");
});

Deno.test("doctor changes nothing, and the number of its AWS calls does not depend on the size of the fleet", async () => {
  await using w = await wired({ nodes: 40 });
  w.fleet.changes();
  const { length } = w.fleet.sandbox.calls;
  await w.doctor();
  const calls = w.fleet.sandbox.calls.slice(length).filter(({ error }) => error === undefined);
  assertEquals(
    w.fleet.changes().filter((action) => !/^(Start|Stop|Run)Instances$|^CreateTags$/.test(action)),
    [],
  );
  // The calls are DescribeInstances, …Health, …LoadBalancers three times, …Attributes, …SecurityGroups, …Alarms, ListTopics,
  // ListSubscriptionsByTopic,
  // GetTopicAttributes, GetSubscriptionAttributes, DescribeInstanceStatus, DescribeInstanceCreditSpecifications, and DescribeInstanceAttribute for each of ten nodes.
  assertEquals(calls.length, 24);
});

Deno.test("doctor finds each problem, and the command that doctor proposes solves the problem", async (t) => {
  await using w = await wired();
  for (const { name, breaks, check, result = "failed", names, remedy } of PROBLEMS) {
    await t.step(name, async () => {
      await breaks(w);
      const { status, rows } = await w.doctor();
      assertEquals(status, rows.some(({ result }) => result === "failed") ? 1 : 0);
      assertProblem(rows, check, { result, names, remedy: remedy.replace("URL", w.url) });
      await repair(w, rows);
    });
  }
});

Deno.test("doctor finds impaired and retiring instances, and the commands that it proposes repair them", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.set(`impaired=${BASE}`);
  assertProblem((await w.doctor()).rows, "status-checks", {
    names: ["impaired", BASE],
    remedy: `kas admin instances stop ${BASE} --force, then kas admin instances start ${BASE}`,
  });
  await run(w, `kas admin instances start ${NODE}`);
  w.fleet.sandbox.faults.set(`retires=${NODE}`);
  const { rows } = await eventually(
    () => w.doctor(),
    ({ rows }) => rows.some(({ check, detail }) => check === "status-checks" && detail.includes(NODE)),
  );
  assertProblem(rows.filter(({ detail }) => detail.includes(NODE)), "status-checks", {
    result: "warning",
    names: ["retirement"],
    remedy: `kas admin instances stop ${NODE}`,
  });
  await run(w, `kas admin instances stop ${BASE} ${NODE} --force`);
  await w.fleet.sandbox.account.waitUntil(() =>
    w.fleet.sandbox.account.instances().every(({ state }) => state === "stopped")
  );
  await run(w, `kas admin instances start ${BASE}`);
  await settled(w);
});

Deno.test("the commands that doctor proposes contain the flags for account and fleet", async () => {
  await using w = await wired();
  const { rows } = await w.doctor("--fleet nobody --region eu-west-1");
  const flags = "--fleet nobody --region eu-west-1";
  const setup = "kas admin setup --balancer classic";
  assertProblem(rows, "balancer", { names: ["load balancer nobody"], remedy: `${setup} ${flags}` });
  assertProblem(rows, "topic", { names: ["topic nobody"], remedy: `kas admin setup ${flags}` });
  const remedy = /^kas admin instances create .* --fleet nobody --region eu-west-1$/;
  assertProblem(rows, "base", { names: ["fleet nobody"], remedy });
});

Deno.test("doctor finds a security group that does not admit the load balancer", async () => {
  await using w = await wired();
  const ec2 = await w.aws.ec2();
  const GroupId = "sg-00000000000000001";
  await ec2.send(
    new RevokeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }],
    }),
  );
  // The security group admits everybody, but on a different port.
  const IpRanges = [{ CidrIp: "0.0.0.0/0" }];
  const IpPermissions = [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  assertProblem((await w.doctor()).rows, "ports", {
    names: ["port 30000", BASE, NODE, "the load balancer"],
    remedy: `aws ec2 authorize-security-group-ingress --group-id ${GroupId} --protocol tcp --port 30000 ` +
      `--source-group ${GroupId}`,
  });
});

Deno.test("doctor finds a fleet without a base instance, and a control instance that SNS cannot reach", async () => {
  await using w = await wired();
  const ec2 = await w.aws.ec2();
  const Tags = [{ Key: "kas:role", Value: "node" }];
  await ec2.send(new CreateTagsCommand({ Resources: [BASE], Tags }));
  const row = problem((await w.doctor()).rows, "base");
  assertEquals(remedyOf(row), `aws ec2 create-tags --resources ${BASE} --tags Key=kas:role,Value=base`);
  await ec2.send(new CreateTagsCommand({ Resources: [NODE], Tags: [{ Key: "kas:role", Value: "control" }] }));
  assertProblem((await w.doctor()).rows, "ports", {
    names: ["port 10000", NODE, "SNS"],
    remedy: /^aws ec2 authorize-security-group-ingress .* --port 10000 --cidr 0.0.0.0\/0$/,
  });
});

Deno.test("each detail in doctor's output is a sentence with the reason, the names and the remedy", async () => {
  await using w = await wired();
  await w.fleet.rows("alarms set --all --cpu 60:80");
  await w.fleet.rows(`alarms delete --instance ${NODE}`);
  const { out, err } = await w.fleet.kas(`doctor --url ${w.url} --quiet --problems`);
  assertEquals(err, "");
  assertStringIncludes(
    out,
    `alarms\tfailed\tof 2 instances, these do not have both alarms: ${NODE}; try: kas admin setup\n`,
  );
  assertStringIncludes(
    out,
    "thresholds\tfailed\tthresholds 60 and 80 are too close: after a scale-out from 1 instance at 80 %, each instance " +
      "is at 40 %, which is below 60 and triggers a scale-in. Only the check projected-load can prevent this scale-in, " +
      "and this check needs datapoints; " +
      "try: kas admin setup --cpu 40:80\n",
  );
});
