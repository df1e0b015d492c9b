/**
 * `kas admin iam-policy`: every call that kas makes is allowed, and each statement is needed by one. The calls were really made.
 *
 * @module
 */
import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import { adminPolicy, autoscalerPolicy } from "../../../../src/admin/iam/policies.ts";
import { type BalancerRef, register } from "../../../../src/aws/balancing/balancer.ts";
import { type Aws, connect } from "../../../../src/aws/clients.ts";
import { fleetInstances, instanceTags } from "../../../../src/aws/ec2/instances.ts";
import { applyChanges } from "../../../../src/aws/balancing/target_group_settings.ts";
import { assertEquals } from "@std/assert";
import { eventualLine, machines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";
import { makeTargetGroup } from "../../../e2e/contract/target_group.ts";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import { away, FIRST, out, told } from "../../../support/lab/script.ts";
import { testWith } from "../../../support/needs.ts";
import { BASE, fleet } from "../../../unit/admin/fleet.ts";
import { distinct, fits, GROWING, SCOPE, TEMPLATE, TOPIC_ARN } from "./proof.ts";
import { type IamRequest, ROLE } from "./requests.ts";
import { simulator } from "./simulator.ts";

/** The simulator is asked where it can be had. */
const NEEDS = [await simulator()];

/** All that the autoscaler asks of AWS: a subscription, a start whose first candidate is broken, a stop. */
async function autoscalerRequests(): Promise<IamRequest[]> {
  await using lab = await told(fleetOf([false, false, true]));
  await lab.subscribe();
  lab.cloud.machines.broken.add(lab.id(FIRST));
  const tags = new Map(lab.cloud.fleet().map(({ id, tags }) => [id, tags]));
  await out(lab);
  await lab.pass(300_000);
  await away(lab, 3);
  await lab.pass(120_000);
  assertEquals([lab.standing(FIRST), lab.standing(2), lab.standing(3)], [
    "stopped none",
    "running in-service",
    "stopped none",
  ]);
  return distinct(lab.cloud.calls, tags);
}

/** The same of one that launches an instance from its template, as none is left to start, and later terminates it. */
async function growingRequests(): Promise<IamRequest[]> {
  const limits = { ...AT_ONCE, grow: TEMPLATE, shrink: "terminate", max: 4 } as const;
  await using lab = await told(fleetOf([false, true], { limits }));
  await lab.subscribe();
  const data = { ImageId: "ami-1", InstanceType: "t3.micro" };
  const template = { LaunchTemplateName: "ours", LaunchTemplateData: data };
  await lab.cloud.elsewhere("ec2", "CreateLaunchTemplate", template);
  lab.cloud.machines.broken.add(lab.id(FIRST));
  // The others have alarms, which never ask for anything: the one that is launched is to have the same.
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
  // The one node that is stopped is broken, and put into quarantine; then none is left.
  await out(lab);
  await lab.pass(200_000);
  await out(lab);
  await lab.pass(200_000);
  await away(lab, 2);
  await lab.pass(400_000);
  assertEquals(lab.cloud.fleet().map(({ state }) => state), ["running", "stopped", "running"]);
  return distinct(lab.cloud.calls, tags);
}

/** The same of one that is behind a target group. */
async function behindGroup(): Promise<{ readonly balancer: BalancerRef; readonly requests: IamRequest[] }> {
  const [first, second] = NODES;
  await using it = await stage({ nodes: 2, machine: machines((id) => id !== first) }, { startTimeout: 400 });
  const { ref: balancer } = await makeTargetGroup({ aws: it.aws, name: "sandbox" }, "kas");
  await applyChanges(it.aws, balancer.arn, { delay: 1 });
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
  // The test's own calls are none of the autoscaler's.
  const own = it.sandbox.calls.slice(before).filter(({ action }) => !OURS.has(action));
  return { balancer, requests: distinct(own, await instanceTags(it.aws, ids)) };
}

/** What a test does to an autoscaler that stands on a stage. */
const OURS = new Set(["Subscribe", "ListSubscriptionsByTopic", "PutMetricAlarm", "SetAlarmState"]);

/**
 * All that an operator's commands ask of AWS, from setup to teardown.
 *
 * @param behind makes the balancer, where it is not a Classic Load Balancer
 */
async function adminRequests(behind?: (aws: Aws) => Promise<BalancerRef>): Promise<IamRequest[]> {
  await using f = await fleet({ empty: true });
  await using endpoint = confirming();
  const create = "instances create --image ami-1 --type t3.micro --key-name ours";
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const LaunchTemplateData = { ImageId: "ami-1", InstanceType: "t3.micro" } as const;
  const template = { LaunchTemplateName: "ours", LaunchTemplateData };
  await (await aws.ec2()).send(new CreateLaunchTemplateCommand(template));
  const balancer = await behind?.(aws);
  const group = balancer?.kind === "target-group" ? ` --target-group ${balancer.arn}` : "";
  const before = f.sandbox.calls.length;
  await f.rows("instances create --launch-template ours --role base");
  // The node comes into a zone that the balancer is not in yet.
  if (group === "") await f.rows("balancers create kas");
  const [launched] = await f.rows(create);
  const node = String(launched?.["id"]);
  const comesTo = (wanted: string) =>
    f.sandbox.account.waitUntil(() =>
      f.sandbox.account.instances().some(({ id, state }) => id === node && state === wanted)
    );
  await comesTo("running");
  const tags = new Map<string, Record<string, string>>();
  for (const { id, key, value } of await f.rows("instances tags")) {
    tags.set(String(id), { ...tags.get(String(id)), [String(key)]: String(value) });
  }
  await f.rows("topics create kas");
  // An address that somebody subscribed before, without a delivery policy.
  const known = `${endpoint.url}known`;
  const TopicArn = TOPIC_ARN;
  await (await aws.sns()).send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: known }));
  await f.rows(`topics subscribe ${known}`);
  await f.rows(`setup --url ${endpoint.url}${group}`);
  await f.rows(`alarms test kas:cpuhigh:${node} OK`);
  await f.rows(`instances stop ${node}`);
  await comesTo("stopped");
  await f.rows(`instances start ${node}`);
  await comesTo("running");
  await f.rows(`instances stop ${node}`);
  await comesTo("stopped");
  f.machines.broken.add(node);
  await f.kas(`scale out --start-timeout 1s${group}`);
  await f.kas(`scale in --dry-run${group}`);
  await f.rows(`instances release ${node}`);
  await f.rows(`balancers${group}`);
  await f.kas(`doctor --url ${endpoint.url}${group}`);
  await f.rows(`teardown --instances --yes${group}`);
  // Whoever is subscribed confirms by a URL, which takes no permission.
  return distinct(
    f.sandbox.calls.slice(before).filter(({ action }) => action !== "ConfirmSubscription"),
    tags,
  );
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
  "the autoscaler's policy allows each call that it makes, and nothing in it is needless",
  async () => {
    await fits(autoscalerPolicy(SCOPE), await autoscalerRequests());
  },
);

testWith(NEEDS, "so does the policy of an autoscaler that launches and terminates instances", async () => {
  await fits(autoscalerPolicy(GROWING), await growingRequests());
});

testWith(
  NEEDS,
  "the operator's policy allows each call of its commands, and nothing in it is needless",
  async () => {
    await fits(adminPolicy({ ...SCOPE, instanceRole: ROLE }), await adminRequests());
  },
);

testWith(NEEDS, "so do both behind a target group", async () => {
  const { balancer, requests } = await behindGroup();
  await fits(autoscalerPolicy({ ...SCOPE, balancer }), requests);
  const made: BalancerRef[] = [];
  const asked = await adminRequests(async (aws) => {
    // As AWS makes one by default: it checks another path, and drains for longer than an autoscaler waits.
    const healthCheck = { HealthCheckPath: "/", HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2 };
    const { ref } = await makeTargetGroup({ aws, name: "sandbox" }, "kas", { healthCheck });
    made.push(ref);
    return ref;
  });
  const [theirs = balancer] = made;
  await fits(adminPolicy({ ...SCOPE, balancer: theirs, instanceRole: ROLE }), asked);
});
