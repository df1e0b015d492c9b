import { DisableAlarmActionsCommand, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { CreateTagsCommand, RevokeSecurityGroupIngressCommand } from "@aws-sdk/client-ec2";
import {
  ConfigureHealthCheckCommand,
  ModifyLoadBalancerAttributesCommand,
} from "@aws-sdk/client-elastic-load-balancing";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { putAlarm } from "../../../../src/aws/cloudwatch/alarms.ts";
import { deleteBalancer, requestsOf } from "../../../../src/aws/balancing/classic_balancer.ts";
import { quarantine } from "../../../../src/aws/ec2/quarantine.ts";
import { deleteTopic, listSubscriptions, unsubscribe } from "../../../../src/aws/sns/topic.ts";
import { eventually } from "../../../support/kas.ts";
import { BASE, NOBODY, NODE } from "../../../unit/admin/fleet.ts";
import { mend, mendOf, problem, type Wired, wired } from "../wired.ts";

Deno.test("doctor finds nothing wrong with a fleet that setup wired: every check is ok, exit status 0", async () => {
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

Deno.test("doctor changes nothing, and asks a bounded number of questions", async () => {
  await using w = await wired({ nodes: 40 });
  w.fleet.changes();
  const { length } = w.fleet.sandbox.calls;
  await w.doctor();
  const calls = w.fleet.sandbox.calls.slice(length).filter(({ error }) => error === undefined);
  assertEquals(
    w.fleet.changes().filter((action) => !/^(Start|Stop|Run)Instances$|^CreateTags$/.test(action)),
    [],
  );
  // DescribeInstances, …Health, …LoadBalancers, …Attributes, …SecurityGroups, …Alarms, ListTopics, ListSubscriptionsByTopic.
  assertEquals(calls.length, 8);
});

/** What is broken, what doctor says of it, and that its own command mends it. */
const BREAKS: readonly {
  readonly name: string;
  readonly breaks: (w: Wired) => Promise<unknown>;
  readonly check: string;
  readonly result?: "warning";
  readonly says: RegExp;
  readonly command: string;
}[] = [
  {
    name: "an instance without alarms",
    breaks: ({ fleet }) => fleet.rows(`alarms delete --instance ${NODE}`),
    check: "alarms",
    says: /without alarms, of 2 instances: i-00000000000000002/,
    command: "kas admin setup",
  },
  {
    name: "an alarm that tells nobody",
    breaks: ({ aws }) => putAlarm(aws, { ...CPUHIGH, topicArn: undefined }),
    check: "alarm-actions",
    says: new RegExp(`1 alarm telling nobody: kas:cpuhigh:${NODE}`),
    command: "kas admin setup",
  },
  {
    name: "an alarm that tells another topic",
    breaks: ({ aws }) => putAlarm(aws, { ...CPUHIGH, topicArn: "arn:aws:sns:eu-west-1:000000000000:other" }),
    check: "alarm-actions",
    says: /1 alarm not telling kas of ALARM and OK/,
    command: "kas admin setup",
  },
  {
    name: "an alarm whose actions are disabled",
    breaks: async ({ aws }) =>
      await (await aws.cloudWatch()).send(
        new DisableAlarmActionsCommand({ AlarmNames: [`kas:cpulow:${NODE}`] }),
      ),
    check: "alarm-actions",
    says: new RegExp(`1 alarm with actions disabled: kas:cpulow:${NODE}`),
    command: "kas admin setup",
  },
  {
    name: "an alarm that compares the wrong way",
    breaks: async ({ aws, topicArn }) =>
      await (await aws.cloudWatch()).send(
        new PutMetricAlarmCommand({
          AlarmName: `kas:cpulow:${NODE}`,
          Namespace: "AWS/EC2",
          MetricName: "CPUUtilization",
          Statistic: "Average",
          Dimensions: [{ Name: "InstanceId", Value: NODE }],
          ComparisonOperator: "LessThanThreshold",
          Threshold: 42,
          Period: 60,
          EvaluationPeriods: 1,
          AlarmActions: [topicArn],
          OKActions: [topicArn],
        }),
      ),
    check: "alarm-comparison",
    says: /1 alarm comparing with LessThanThreshold, not with GreaterThanOrEqualToThreshold/,
    command: "kas admin setup",
  },
  {
    name: "a low threshold that is not below the high one",
    breaks: ({ aws, topicArn }) => putAlarm(aws, { ...CPUHIGH, topicArn, threshold: 30 }),
    check: "thresholds",
    says: /the low threshold 42 is not below the high one 30/,
    command: "kas admin setup --cpu 42:80",
  },
  {
    name: "thresholds closer than one instance's share",
    breaks: ({ fleet }) => fleet.rows("alarms set --all --cpu 60:80"),
    check: "thresholds",
    says: /low 60 and high 80 .*: 1 at 80 % and one added makes 40 % each, which is below 60/,
    command: "kas admin setup --cpu 40:80",
  },
  {
    name: "an alarm of an instance that is gone",
    breaks: ({ aws, topicArn }) => putAlarm(aws, { ...CPUHIGH, dimension: NOBODY, topicArn }),
    check: "stray-alarms",
    result: "warning",
    says: new RegExp(`1 alarm of instances that are not in the fleet: kas:cpuhigh:${NOBODY}`),
    command: `kas admin alarms delete kas:cpuhigh:${NOBODY}`,
  },
  {
    name: "an alarm of the requests of another load balancer",
    breaks: ({ aws, topicArn }) =>
      putAlarm(aws, {
        ...CPUHIGH,
        topicArn,
        kind: "reqcount",
        dimension: "old",
        requests: requestsOf("old"),
      }),
    check: "stray-alarms",
    result: "warning",
    says: /1 alarm of requests that are not those of load balancer kas: kas:reqcount:old/,
    command: "kas admin alarms delete kas:reqcount:old",
  },
  {
    name: "an alarm of the load balancer's requests that counts something else",
    breaks: ({ aws, topicArn }) =>
      putAlarm(aws, {
        ...CPUHIGH,
        topicArn,
        kind: "reqcount",
        dimension: "kas",
        requests: requestsOf("old"),
      }),
    check: "stray-alarms",
    result: "warning",
    says: /1 alarm of what load balancer kas counted its requests by before: kas:reqcount:kas/,
    command: "kas admin setup",
  },
  {
    name: "an alarm of requests that tells nobody",
    breaks: ({ fleet }) => fleet.rows("alarms set --requests 600 --pull --period 300"),
    check: "alarm-actions",
    says: /1 alarm telling nobody: kas:reqcount:kas/,
    command: "kas admin setup",
  },
  {
    name: "a health check on another path",
    breaks: async ({ aws }) =>
      await (await aws.elb()).send(
        new ConfigureHealthCheckCommand({
          LoadBalancerName: "kas",
          HealthCheck: {
            Target: "HTTP:30000/health",
            Interval: 5,
            Timeout: 2,
            HealthyThreshold: 2,
            UnhealthyThreshold: 2,
          },
        }),
      ),
    check: "health-check",
    says: /kas asks HTTP:30000\/health .*, where workers answer HTTP:30000\/ping/,
    command: "kas admin balancers create kas",
  },
  {
    name: "a balancer without draining",
    breaks: async ({ aws }) =>
      await (await aws.elb()).send(
        new ModifyLoadBalancerAttributesCommand({
          LoadBalancerName: "kas",
          LoadBalancerAttributes: { ConnectionDraining: { Enabled: false } },
        }),
      ),
    check: "draining",
    says: /kas cuts requests off/,
    command: "kas admin balancers create kas",
  },
  {
    name: "no load balancer",
    breaks: ({ aws }) => deleteBalancer(aws, "kas"),
    check: "balancer",
    says: /there is no load balancer kas/,
    command: "kas admin setup",
  },
  {
    name: "a node that is registered but stopped",
    breaks: ({ fleet }) => fleet.rows(`balancers register kas ${NODE}`),
    check: "registered",
    says: new RegExp(`registered with kas, but stopped: ${NODE}`),
    command: `kas admin balancers deregister kas ${NODE}`,
  },
  {
    name: "a node that runs but is not registered",
    breaks: async ({ fleet: { rows, sandbox } }) => {
      await rows(`instances start ${NODE}`);
      await sandbox.world.until(() =>
        sandbox.world.instances().some(({ id, state }) => id === NODE && state === "running")
      );
    },
    check: "registered",
    says: new RegExp(`running, but not registered with kas: ${NODE}, and nothing is under way`),
    command: `kas admin balancers register kas ${NODE}`,
  },
  {
    name: "a base that is stopped",
    breaks: async ({ fleet: { rows, sandbox } }) => {
      await rows(`instances stop ${BASE} --force`);
      await sandbox.world.until(() =>
        sandbox.world.instances().some(({ id, state }) => id === BASE && state === "stopped")
      );
    },
    check: "base",
    says: new RegExp(`the base does not run: ${BASE}`),
    command: `kas admin instances start ${BASE}`,
  },
  {
    name: "a node in quarantine",
    breaks: ({ aws }) => quarantine(aws, NODE, "no capacity"),
    check: "quarantine",
    result: "warning",
    says: new RegExp(`scaling leaves out ${NODE}: no capacity`),
    command: `kas admin instances release ${NODE}`,
  },
  {
    name: "a topic that nobody is subscribed to",
    breaks: async ({ aws, topicArn }) => {
      for (const { arn } of await Array.fromAsync(listSubscriptions(aws, topicArn))) {
        await unsubscribe(aws, arn);
      }
    },
    check: "subscription",
    says: /nobody is subscribed to the topic/,
    command: "kas admin setup --url URL",
  },
  {
    name: "no topic",
    breaks: ({ aws, topicArn }) => deleteTopic(aws, topicArn),
    check: "topic",
    says: /there is no topic kas/,
    command: "kas admin setup",
  },
];

const CPUHIGH = {
  fleet: "kas",
  kind: "cpuhigh",
  dimension: NODE,
  threshold: 80,
  period: 60,
  evaluations: 1,
} as const;

Deno.test("doctor finds what is broken, and the command that it gives mends it", async (t) => {
  await using w = await wired();
  for (const { name, breaks, check, result = "failed", says, command } of BREAKS) {
    await t.step(name, async () => {
      await breaks(w);
      const { status, rows } = await w.doctor();
      const row = problem(rows, check);
      assertEquals([row.result, status], [result, rows.some(({ result }) => result === "failed") ? 1 : 0]);
      assertMatch(row.detail, says);
      assertEquals(mendOf(row), command.replace("URL", w.url));
      await mend(w, rows);
    });
  }
});

Deno.test("doctor's commands carry the flags that say where and as whom", async () => {
  await using w = await wired();
  const { rows } = await w.doctor("--fleet nobody --region eu-west-1");
  assertStringIncludes(
    problem(rows, "balancer").detail,
    "; try: kas admin setup --fleet nobody --region eu-west-1",
  );
  assertMatch(problem(rows, "base").detail, /fleet nobody has no instances/);
  assertMatch(problem(rows, "topic").detail, /there is no topic nobody/);
});

Deno.test("doctor finds a security group that is closed to the load balancer", async () => {
  await using w = await wired();
  const ec2 = await w.aws.ec2();
  const GroupId = "sg-00000000000000001";
  await ec2.send(
    new RevokeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }],
    }),
  );
  const row = problem((await w.doctor()).rows, "ports");
  assertEquals(
    row.detail,
    `port 30000 of ${BASE}, ${NODE} is closed to the load balancer; try: aws ec2 authorize-security-group-ingress ` +
      `--group-id ${GroupId} --protocol tcp --port 30000 --source-group ${GroupId}`,
  );
});

Deno.test("doctor finds a fleet in which everyone may be stopped, and a control instance that SNS can't reach", async () => {
  await using w = await wired();
  const ec2 = await w.aws.ec2();
  const Tags = [{ Key: "kas:role", Value: "node" }];
  await ec2.send(new CreateTagsCommand({ Resources: [BASE], Tags }));
  const row = problem((await w.doctor()).rows, "base");
  assertEquals(mendOf(row), `aws ec2 create-tags --resources ${BASE} --tags Key=kas:role,Value=base`);
  await ec2.send(new CreateTagsCommand({ Resources: [NODE], Tags: [{ Key: "kas:role", Value: "control" }] }));
  assertMatch(
    problem((await w.doctor()).rows, "ports").detail,
    new RegExp(`port 10000 of ${NODE} is closed to SNS; try: .* --port 10000 --cidr 0.0.0.0/0$`),
  );
});

Deno.test("doctor --quiet and the output formats", async () => {
  await using w = await wired();
  const { out, err } = await w.fleet.kas(`doctor --url ${w.url} --quiet`);
  assertEquals(err, "");
  const lines = out.trimEnd().split("\n").map((line) => line.split("\t"));
  assertEquals(lines[0], ["check", "result", "detail"]);
  assert(lines.every((fields) => fields.length === 3));
});
