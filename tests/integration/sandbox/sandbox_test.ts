import {
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { DescribeInstancesCommand, StartInstancesCommand, StopInstancesCommand } from "@aws-sdk/client-ec2";
import {
  DescribeInstanceHealthCommand,
  DescribeLoadBalancersCommand,
  RegisterInstancesWithLoadBalancerCommand,
} from "@aws-sdk/client-elastic-load-balancing";
import { ListTopicsCommand, PublishCommand } from "@aws-sdk/client-sns";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { localMachines } from "../../unit/sandbox/machines.ts";
import { clients } from "../../unit/sandbox/sdk.ts";

/** The ids of the base and the first node. */
const [BASE, NODE] = ["i-00000000000000001", "i-00000000000000002"] as const;

/** The options of a sandbox that starts fast and without processes. */
function sandbox(options: SandboxOptions = {}) {
  return startSandbox({ kind: true, speed: 100, machine: localMachines().make, ...options });
}

Deno.test("startSandbox() starts a base instance in service, stopped nodes, a load balancer and a topic, and returns their addresses", async () => {
  await using kas = await sandbox({ nodes: 2, fleet: "web" });
  assertEquals(
    kas.account.instances().map((
      { name, role, state, zone, registration },
    ) => [name, role, state, zone, registration]),
    [
      ["web-base", "base", "running", "eu-west-1a", "in-service"],
      ["web-node-1", "node", "stopped", "eu-west-1b", "none"],
      ["web-node-2", "node", "stopped", "eu-west-1a", "none"],
    ],
  );
  assertEquals(await (await fetch(`http://127.0.0.1:${kas.balancerPort}/work`)).text(), BASE);
  assertEquals(kas.account.requests(), 1);
  assertEquals(kas.env["AWS_ENDPOINT_URL"], kas.url);
  assertEquals(kas.env["KAS_TOPIC_ARN"], "arn:aws:sns:eu-west-1:000000000000:web");
  assertEquals([kas.env["KAS_FLEET"], kas.env["KAS_LOAD_BALANCER"], kas.env["KAS_TRUST_SIGNER"]], [
    "web",
    "web",
    `${kas.url}/`,
  ]);
});

Deno.test("startSandbox({ empty }) creates no resources, and its load balancer port works after a load balancer is created", async () => {
  await using kas = await sandbox({ empty: true });
  assertEquals(kas.account.instances(), []);
  const response = await fetch(`http://127.0.0.1:${kas.balancerPort}/work`);
  assertEquals([response.status, await response.text()], [503, "no load balancer\n"]);
});

Deno.test("startSandbox() reports a worker that cannot run, with the worker's stderr", async () => {
  const failing = "data:application/javascript,throw%20new%20Error('out%20of%20luck')";
  const error = await assertRejects(
    () => startSandbox({ kind: true, worker: [Deno.execPath(), "run", "--no-config", failing] }),
    Error,
  );
  assertStringIncludes(error.message, `Cannot start the sandbox: the worker of ${BASE} exited: `);
  assertStringIncludes(error.message, "out of luck");
});

Deno.test("several sandboxes can run on one host at the same time", async () => {
  await using one = await sandbox();
  await using other = await sandbox();
  const addresses = [one, other].flatMap((kas) => kas.account.instances().map(({ address }) => address));
  assertEquals(new Set(addresses).size, 4);
});

Deno.test("the AWS SDK can start a node, register the node, and use CloudWatch and SNS of the sandbox", async () => {
  await using kas = await sandbox();
  using aws = clients(kas.url);
  await aws.ec2.send(new StartInstancesCommand({ InstanceIds: [NODE] }));
  await kas.account.waitUntil(() => kas.account.instances()[1]?.state === "running");
  const Filters = [{ Name: "tag:kas:fleet", Values: ["kas"] }, {
    Name: "instance-state-name",
    Values: ["running"],
  }];
  const { Reservations } = await aws.ec2.send(new DescribeInstancesCommand({ Filters }));
  const instances = Reservations?.flatMap(({ Instances }) => Instances ?? []) ?? [];
  assertEquals(instances.map(({ InstanceId }) => InstanceId), [BASE, NODE]);
  assert(instances[1]?.LaunchTime instanceof Date);
  assertEquals(instances[1].State, { Code: 16, Name: "running" });

  const LoadBalancerName = "kas";
  const registered = await aws.elb.send(
    new RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName, Instances: [{ InstanceId: NODE }] }),
  );
  assertEquals(registered.Instances?.length, 2);
  await kas.account.waitUntil(() => kas.account.instances()[1]?.registration === "in-service");
  // The SDK sends an empty list as `Instances=`.
  const { InstanceStates } = await aws.elb.send(
    new DescribeInstanceHealthCommand({ LoadBalancerName, Instances: [] }),
  );
  assertEquals(InstanceStates?.map(({ State }) => State), ["InService", "InService"]);

  assertEquals((await aws.cloudWatch.send(new DescribeAlarmsCommand({}))).MetricAlarms, []);
  assertEquals((await aws.sns.send(new ListTopicsCommand({}))).Topics, [{
    TopicArn: kas.env["KAS_TOPIC_ARN"],
  }]);
});

Deno.test("the sandbox answers at /billed with the units that AWS would bill", async () => {
  await using kas = await sandbox();
  const Metric = { Namespace: "AWS/EC2", MetricName: "CPUUtilization" };
  using aws = clients(kas.url);
  await aws.cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(Date.now() - 60_000),
      EndTime: new Date(),
      MetricDataQueries: ["a", "b"].map((Id) => ({
        Id,
        MetricStat: { Metric, Period: 60, Stat: "Average" },
      })),
    }),
  );
  assertEquals((await (await fetch(`${kas.url}/billed`)).json()).metricsRequested, 2);
});

Deno.test("the AWS SDK gets each service's own error codes from the sandbox", async () => {
  await using kas = await sandbox();
  using aws = clients(kas.url);
  const StateValue = "OK";
  const cases: readonly [call: () => Promise<unknown>, code: string, status: number][] = [
    [
      () => aws.ec2.send(new StopInstancesCommand({ InstanceIds: ["i-0badc0de"] })),
      "InvalidInstanceID.NotFound",
      400,
    ],
    [
      () => aws.ec2.send(new StopInstancesCommand({ InstanceIds: [BASE], DryRun: true })),
      "DryRunOperation",
      412,
    ],
    [
      () => aws.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerNames: ["none"] })),
      "LoadBalancerNotFound",
      400,
    ],
    [
      () =>
        aws.cloudWatch.send(new SetAlarmStateCommand({ AlarmName: "none", StateValue, StateReason: "test" })),
      "ResourceNotFound",
      404,
    ],
    [
      () =>
        aws.sns.send(
          new PublishCommand({ TopicArn: "arn:aws:sns:eu-west-1:000000000000:none", Message: "m" }),
        ),
      "NotFound",
      404,
    ],
  ];
  for (const [call, code, status] of cases) {
    const error = await assertRejects(call, Error) as Error & {
      Code?: string;
      $metadata?: { httpStatusCode?: number };
    };
    assertEquals([error.Code ?? error.name, error.$metadata?.httpStatusCode], [code, status]);
  }
  assertEquals(kas.calls.map(({ error }) => error), cases.map(([, code]) => code));
});

Deno.test("the fault throttle uses each service's own error code, and can change while the sandbox runs", async () => {
  await using kas = await sandbox();
  using aws = clients(kas.url, { maxAttempts: 1 });
  const describe = () => aws.ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }));
  kas.faults.set("throttle=1");
  assertEquals((await assertRejects(describe, Error)).name, "RequestLimitExceeded");
  assertEquals(
    (await assertRejects(() => aws.elb.send(new DescribeLoadBalancersCommand({})), Error)).name,
    "Throttling",
  );
  kas.faults.clear();
  assertEquals((await describe()).$metadata.attempts, 1);
});

Deno.test("the fault latency delays every call by the given real time", async () => {
  await using kas = await sandbox();
  using aws = clients(kas.url);
  kas.faults.set("latency=60ms");
  const before = performance.now();
  await aws.sns.send(new ListTopicsCommand({}));
  assert(performance.now() - before >= 55);
});

Deno.test("the fault stale-reads repeats earlier responses of CloudWatch and SNS", async () => {
  await using kas = await sandbox();
  using aws = clients(kas.url);
  kas.faults.set("stale-reads=60s");
  const topics = async () => (await aws.sns.send(new ListTopicsCommand({}))).Topics?.length;
  assertEquals(await topics(), 1);
  await fetch(kas.url, {
    method: "POST",
    body: new URLSearchParams({ Action: "CreateTopic", Version: "2010-03-31", Name: "other" }),
    headers: {
      authorization: "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/sns/aws4_request, Signature=0",
    },
  }).then((response) => response.body?.cancel());
  assertEquals(await topics(), 1);
  kas.faults.clear();
  assertEquals(await topics(), 2);
});

Deno.test("the sandbox's endpoint rejects unsigned calls and unknown actions", async () => {
  await using kas = await sandbox({ empty: true });
  const call = async (query: string, authorization?: string) => {
    const response = await fetch(
      `${kas.url}/?${query}`,
      authorization === undefined ? {} : { headers: { authorization } },
    );
    return [response.status, /<Code>(.*)<\/Code>/.exec(await response.text())?.[1]];
  };
  assertEquals(await call("Action=DescribeInstances&Version=2016-11-15"), [401, "AuthFailure"]);
  assertEquals(await call("Action=DescribeLoadBalancers&Version=2012-06-01"), [
    403,
    "MissingAuthenticationToken",
  ]);
  assertEquals(await call("Action=ListTopics&Version=2010-03-31"), [403, "MissingAuthenticationToken"]);
  const signed = "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/ec2/aws4_request, Signature=0";
  assertEquals(await call("Action=LaunchRockets&Version=2016-11-15", signed), [400, "InvalidAction"]);
  // A property that every object has is not an action.
  assertEquals(await call("Action=toString&Version=2016-11-15", signed), [400, "InvalidAction"]);
  // The token is unknown, but the action needs no signature.
  const [, code] = await call(
    "Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:000000000000:none&Token=x",
  );
  assert(code !== "MissingAuthenticationToken" && code !== undefined, String(code));
});

Deno.test("a sandbox has the faults of a real account by default, and an option replaces each", async () => {
  await using kas = await sandbox({ kind: false, faults: ["metric-delay=0s", "read-lag=1s"] });
  const { metricDelay, readLag, basicMonitoring, bootCpu, rateLimits, drainLag, lateFirstCheck } = kas.faults;
  assertEquals([metricDelay, readLag], [0, 1_000]);
  assertEquals([basicMonitoring, rateLimits, lateFirstCheck, kas.faults.checkEndpoints], Array(4).fill(true));
  assertEquals([bootCpu, drainLag], [100, 5_000]);
});

Deno.test("a sandbox with the option kind has no faults unless another option sets them", async () => {
  await using kas = await sandbox({ faults: ["metric-delay=60s"] });
  const { metricDelay, readLag, basicMonitoring, bootCpu, rateLimits, drainLag, lateFirstCheck } = kas.faults;
  assertEquals(metricDelay, 60_000);
  assertEquals([readLag, bootCpu, drainLag], [0, 0, 0]);
  assertEquals(
    [basicMonitoring, rateLimits, lateFirstCheck, kas.faults.checkEndpoints],
    Array(4).fill(false),
  );
});

Deno.test("startSandbox() rejects invalid faults", async () => {
  await assertRejects(() => sandbox({ faults: ["trottle=1"] }), TypeError, 'Cannot use fault "trottle=1"');
});

Deno.test("AccountView.waitUntil() rejects with the reason of its abort signal", async () => {
  await using kas = await sandbox({ empty: true });
  const reason = new Error("enough");
  const stop = new AbortController();
  const waiting = kas.account.waitUntil(() => false, stop.signal);
  stop.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
});
