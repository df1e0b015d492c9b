/**
 * The policies of `kas admin iam-policy` allow every AWS call that kas makes, and contain no unnecessary permission.
 * The tests record the calls in the sandbox.
 *
 * @module
 */
import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import { adminPolicy } from "../../../src/admin/iam/admin_policy.ts";
import { autoscalerPolicy } from "../../../src/admin/iam/autoscaler_policy.ts";
import { type BalancerRef, balancerRef, register } from "../../../src/aws/balancing/balancer.ts";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { quarantine } from "../../../src/aws/ec2/quarantine.ts";
import { fleetInstances, instanceTags } from "../../../src/aws/ec2/instances.ts";
import { applyChanges } from "../../../src/aws/balancing/target_group_settings.ts";
import { assertEquals } from "@std/assert";
import { eventualLine, machines, NODES, stage } from "../../unit/autoscaler/fixtures.ts";
import { eventually } from "../../support/kas.ts";
import { makeTargetGroup } from "../contract/target_group.ts";
import { OTHER_VPC, subnetOf } from "../../../src/sandbox/ec2/zones.ts";
import { AT_ONCE, fleetOf } from "../../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab, reportIdle } from "../../support/lab/script.ts";
import { testWith } from "../../support/needs.ts";
import { ACCOUNT_ID } from "../../../src/sandbox/wire/action.ts";
import { BASE, fleet } from "../../unit/admin/fleet.ts";
import { distinct, fits, GROWING, SCOPE, TEMPLATE, TOPIC_ARN } from "./proof.ts";
import { type IamRequest, ROLE } from "./requests.ts";
import { simulator } from "./simulator.ts";

/** The tests are skipped without the simulator. */
const NEEDS = [await simulator()];

/**
 * Records the requests of an autoscaler that confirms a subscription, fails to start one node, starts another, and
 * stops it.
 */
async function autoscalerRequests(): Promise<IamRequest[]> {
  await using lab = await openNotifiedLab(fleetOf([false, false, true], { kind: true }));
  await lab.subscribe();
  lab.cloud.machines.broken.add(lab.id(FIRST));
  const tags = new Map(lab.cloud.fleet().map(({ id, tags }) => [id, tags]));
  // kas quarantines a node after three failures of its own.
  for (let failures = 0; failures < 3; failures++) {
    await askForMore(lab);
    await lab.pass(600_000);
  }
  await reportIdle(lab, 3);
  await lab.pass(120_000);
  assertEquals([lab.status(FIRST), lab.status(2), lab.status(3)], [
    "stopped none",
    "running in-service",
    "stopped none",
  ]);
  return distinct(lab.cloud.calls, tags);
}

/** Records the requests of an autoscaler that launches a node, because no standby is left, and terminates it later. */
async function growingRequests(): Promise<IamRequest[]> {
  const limits = { ...AT_ONCE, grow: TEMPLATE, shrink: "terminate", max: 4 } as const;
  await using lab = await openNotifiedLab(fleetOf([false, true], { kind: true, limits }));
  await lab.subscribe();
  const data = { ImageId: "ami-1", InstanceType: "t3.micro" };
  const template = { LaunchTemplateName: "ours", LaunchTemplateData: data };
  await lab.cloud.elsewhere("ec2", "CreateLaunchTemplate", template);
  lab.cloud.machines.broken.add(lab.id(FIRST));
  // The state of these alarms never changes. kas gives the launched node the same alarms.
  for (const id of [BASE, lab.id(2)]) {
    await lab.cloud.elsewhere("cloudWatch", "PutMetricAlarm", {
      AlarmName: `kas:cpuhigh:${id}`,
      Namespace: "AWS/EC2",
      MetricName: "CPUUtilization",
      Statistic: "Average",
      Dimensions: [{ Name: "InstanceId", Value: id }],
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Threshold: 100,
      Period: 60,
      EvaluationPeriods: 1,
    });
  }
  const tags = new Map(lab.cloud.fleet().map(({ id, tags }) => [id, tags]));
  // The only standby is broken and gets quarantined, so that none is left.
  for (let asked = 0; asked < 4; asked++) {
    await askForMore(lab);
    await lab.pass(600_000);
  }
  await reportIdle(lab, 2);
  await lab.pass(400_000);
  assertEquals(lab.cloud.fleet().map(({ state }) => state), ["running", "stopped", "running"]);
  return distinct(lab.cloud.calls, tags);
}

/** Records the requests of an autoscaler with a target group. */
async function behindGroup(): Promise<{ readonly balancer: BalancerRef; readonly requests: IamRequest[] }> {
  const [first, second] = NODES;
  await using it = await stage({ nodes: 2, machine: machines((id) => id !== first) }, { startTimeout: 400 });
  const { ref: balancer } = await makeTargetGroup({ aws: it.aws }, "kas");
  await applyChanges(it.aws, balancer.arns[0], { delay: 1 });
  await register(it.aws, balancer, BASE);
  const before = it.sandbox.calls.length;
  const autoscaler = await it.start({ fleet: { fleet: "kas", balancer } });
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "start" && status === "successful");
  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpulow", second, "OK");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "stop" && status === "successful");
  const ids = (await Array.fromAsync(fleetInstances(it.aws, { fleet: "kas" }))).map(({ id }) => id);
  const own = it.sandbox.calls.slice(before).filter(({ action }) => !OURS.has(action));
  return { balancer, requests: distinct(own, await instanceTags(it.aws, ids)) };
}

/** The actions that the test itself calls. */
const OURS = new Set(["Subscribe", "ListSubscriptionsByTopic", "PutMetricAlarm", "SetAlarmState"]);

/** The load balancer of a fleet: a Classic one, a target group that the operator creates, or a Network Load Balancer of setup. */
interface Kind {
  /** Creates the target group, before the recording begins. */
  readonly own?: (aws: Aws) => Promise<BalancerRef>;
  /** The flags of the first and of the second `kas admin setup`. The second one changes each setting that setup can change. */
  readonly setup?: readonly [first: string, second: string];
}

/** A listener of a Network Load Balancer, whose certificate and health check the second setup changes, and to which it adds a zone. */
const NETWORK = ["a", "b"].map((name, i) =>
  [
    " --balancer network --listen tls:443 --forward 30000",
    `--certificate arn:aws:acm:eu-west-1:${ACCOUNT_ID}:certificate/${name}`,
    `--health-check ${i === 0 ? "tcp:30000" : "http:30000/ping"}`,
    `--subnets ${["eu-west-1a", "eu-west-1b"].slice(0, i + 1).map((zone) => subnetOf(zone)).join(",")}`,
  ].join(" ")
) as [string, string];

/** Records the requests of an operator's commands, from setup to teardown. */
async function adminRequests({ own, setup }: Kind): Promise<IamRequest[]> {
  await using f = await fleet({ empty: true });
  await using endpoint = confirming();
  const create = "instances create --image ami-1 --type t3.micro --key-name ours";
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const LaunchTemplateData = { ImageId: "ami-1", InstanceType: "t3.micro" } as const;
  const template = { LaunchTemplateName: "ours", LaunchTemplateData };
  await (await aws.ec2()).send(new CreateLaunchTemplateCommand(template));
  const balancer = await own?.(aws);
  let group = balancer?.kind === "target-groups" ? ` --target-group ${balancer.arns[0]}` : "";
  // The name of the fleet's load balancer, but without the tags of setup: setup and teardown read its tags and keep it.
  if (own === undefined && setup === undefined) await makeTargetGroup({ aws }, "kas");
  const before = f.sandbox.calls.length;
  // Without instances and --subnets, setup looks for the default VPC.
  if (setup !== undefined) await f.kas("setup --balancer network --listen tcp:1 --forward 1 --dry-run");
  await f.rows("instances create --launch-template ours --role base --monitoring basic");
  // The node is in a zone where the load balancer is not enabled.
  if (setup !== undefined) {
    const rows = await f.rows(`setup${setup[0]} --pull`);
    group = ` --target-group ${rows.find(({ resource }) => resource === "target-group")?.["arn"]}`;
  } else if (own === undefined) await f.rows("balancers create kas");
  const [launched] = await f.rows(create);
  const node = String(launched?.["id"]);
  const waitFor = (wanted: string) =>
    f.sandbox.account.waitUntil(() =>
      f.sandbox.account.instances().some(({ id, state }) => id === node && state === wanted)
    );
  await waitFor("running");
  const tags = new Map<string, Record<string, string>>();
  for (const { id, key, value } of await f.rows("instances tags")) {
    tags.set(String(id), { ...tags.get(String(id)), [String(key)]: String(value) });
  }
  await f.rows("topics create kas");
  // Create a subscription without a delivery policy, which setup must change.
  const known = `${endpoint.url}known`;
  const TopicArn = TOPIC_ARN;
  await (await aws.sns()).send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: known }));
  await f.rows(`topics subscribe ${known}`);
  const health = own === undefined ? "" : " --health-check http:30000/ping";
  await f.rows(`setup --url ${endpoint.url}${group}${health}${setup?.[1] ?? ""}`);
  // The load is read only if the node can be stopped.
  const isInService = (rows: readonly Record<string, unknown>[]) =>
    rows.some((row) => row["id"] === node && row["health"] === "InService");
  if (own === undefined) await f.rows(`balancers register kas ${node}${group}`);
  await eventually(() => f.rows(`instances${group}`), isInService);
  await f.kas(`scale in --dry-run --warmup 0s${group}`);
  await f.rows(`alarms test kas:cpuhigh:${node} OK`);
  await f.rows(`instances stop ${node}`);
  await waitFor("stopped");
  await f.rows(`instances start ${node}`);
  await waitFor("running");
  await f.rows(`instances stop ${node}`);
  await waitFor("stopped");
  f.machines.broken.add(node);
  await f.kas(`scale out --start-timeout 1s${group}`);
  // The autoscaler quarantines a node; doctor checks with a DryRun whether it may.
  await quarantine(aws, node, "its start failed three times");
  await f.rows(`instances release ${node}`);
  await f.rows(`instances protect ${node}`);
  await f.rows(`instances unprotect ${node}`);
  await f.rows(`balancers${group}`);
  await f.kas(`doctor --url ${endpoint.url}${group}`);
  await f.rows(`cost${group}`);
  await f.rows(`teardown --instances --yes${group}`);
  // The confirmation of a subscription by a URL needs no permission.
  return distinct(
    f.sandbox.calls.slice(before).filter(({ action }) => action !== "ConfirmSubscription"),
    tags,
  );
}

/** The requests of setup and teardown for a Classic Load Balancer outside of the default VPC. */
async function otherVpcRequests(): Promise<IamRequest[]> {
  await using f = await fleet({ empty: true, faults: ["no-default-vpc=on"] });
  for (const zone of ["eu-west-1a", "eu-west-1b"]) {
    await f.rows(`instances create --image ami-1 --subnet ${subnetOf(zone, OTHER_VPC)}`);
    await f.rows("setup --balancer classic --pull");
  }
  // Teardown deletes only the load balancer that setup created.
  await f.rows("teardown --yes");
  const calls = f.sandbox.calls.filter(({ service, action }) =>
    service === "elasticloadbalancing" || action === "DescribeVpcs"
  );
  return distinct(calls, new Map());
}

/** A server that confirms every subscription. */
function confirming() {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    if (request.method === "GET") return new Response("pong");
    const { SubscribeURL } = JSON.parse(await request.text());
    if (SubscribeURL !== undefined) await (await fetch(SubscribeURL)).body?.cancel();
    return new Response();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

testWith(
  NEEDS,
  "the autoscaler's IAM policy permits each of its AWS calls, and contains no unnecessary permission",
  async () => {
    await fits(autoscalerPolicy(SCOPE), await autoscalerRequests());
  },
);

testWith(
  NEEDS,
  "the IAM policy for --grow and --shrink terminate permits each AWS call, and contains no unnecessary permission",
  async () => {
    await fits(autoscalerPolicy(GROWING), await growingRequests());
  },
);

testWith(
  NEEDS,
  "the operator's IAM policy permits each AWS call of the commands, and contains no unnecessary permission",
  async () => {
    const requests = [...await adminRequests({}), ...await otherVpcRequests()];
    await fits(adminPolicy({ ...SCOPE, instanceRole: ROLE }), requests);
  },
);

testWith(
  NEEDS,
  "with a target group, the IAM policies of autoscaler and operator permit each AWS call and contain no unnecessary permission",
  async () => {
    const { balancer, requests } = await behindGroup();
    // A quarantine takes three failures, and its request is the same with each kind of load balancer.
    const tagging = (await autoscalerRequests()).filter(({ action }) => action === "ec2:CreateTags");
    await fits(autoscalerPolicy({ ...SCOPE, balancer }), [...requests, ...tagging]);
    const created: BalancerRef[] = [];
    const own = async (aws: Aws) => {
      // AWS's defaults: a health check with another path, and a deregistration delay that is longer than the autoscaler
      // waits.
      const healthCheck = {
        HealthCheckPath: "/",
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
      };
      const { ref } = await makeTargetGroup({ aws }, "kas", { healthCheck });
      created.push(ref);
      return ref;
    };
    const requested = await adminRequests({ own });
    const [operators = balancer] = created;
    await fits(adminPolicy({ ...SCOPE, balancer: operators, instanceRole: ROLE }), requested);
  },
);

testWith(
  NEEDS,
  "with --balancer network, the operator's IAM policy permits each AWS call from an empty account to the teardown, and contains no unnecessary permission",
  async () => {
    const targetGroup = [`arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT_ID}:targetgroup/kas/*`];
    const balancer = balancerRef({ fleet: "kas", targetGroup });
    await fits(
      adminPolicy({ ...SCOPE, balancer, makes: "network", instanceRole: ROLE }),
      await adminRequests({ setup: NETWORK }),
    );
  },
);
