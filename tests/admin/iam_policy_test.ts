/**
 * `kas admin iam-policy`: every call that kas makes is allowed, each statement is needed by one, and others' things are out of
 * reach. What is allowed is decided by an IAM simulator, on calls that were really made.
 *
 * @module
 */
import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import {
  adminPolicy,
  autoscalerPolicy,
  type Policy,
  type Scope,
  type Statement,
} from "../../src/admin/policies.ts";
import { balancerRef } from "../../src/aws/balancer.ts";
import { connect } from "../../src/aws/clients.ts";
import type { Call } from "../../src/sandbox/endpoint.ts";
import { ACCOUNT } from "../../src/sandbox/service.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { AT_ONCE, fleetOf } from "../lab/fleet_plan.ts";
import { away, FIRST, out, told } from "../lab/script.ts";
import { fleet } from "./fleet.ts";
import { testWith } from "../needs.ts";
import { type IamRequest, requestsOf, ROLE, type Tags } from "./iam_requests.ts";
import { simulate, simulator } from "./simulator.ts";

/** The simulator is asked where it can be had. */
const NEEDS = [await simulator()];

const TOPIC_ARN = `arn:aws:sns:eu-west-1:${ACCOUNT}:kas`;

const SCOPE: Scope = {
  region: "eu-west-1",
  account: ACCOUNT,
  fleet: "kas",
  balancer: balancerRef({ fleet: "kas" }),
  topicArn: TOPIC_ARN,
  grow: undefined,
  shrink: "stop",
  instanceRole: undefined,
};

/** The first launch template of a sandbox. */
const TEMPLATE = "lt-00000000000000001";

/** An autoscaler that launches instances and terminates them. */
const GROWING: Scope = { ...SCOPE, grow: TEMPLATE, shrink: "terminate", instanceRole: ROLE };

/** Each question once. What DryRun would have been allowed is allowed. */
function distinct(calls: readonly Call[], tags: Tags): IamRequest[] {
  const made = calls.filter(({ error }) => error === undefined || error === "DryRunOperation");
  const all = made.flatMap((call) => requestsOf(call, tags));
  return [...new Map(all.map((request) => [JSON.stringify(request), request])).values()];
}

/** A policy with something taken from each of its statements; one that has lost all of it is gone. */
function without(policy: Policy, statement: Statement, key: "Action" | "Resource", what: string): Policy {
  const Statement = policy.Statement.flatMap((it) => {
    if (it !== statement) return [it];
    const left = it[key].filter((each) => each !== what);
    return left.length === 0 ? [] : [{ ...it, [key]: left }];
  });
  return { ...policy, Statement };
}

/** Asserts that a policy allows all of them, and that each of its actions and resources is needed for that. */
async function fits(policy: Policy, requests: readonly IamRequest[]): Promise<void> {
  const parts = policy.Statement.flatMap((statement) =>
    (["Action", "Resource"] as const).flatMap((key) =>
      statement[key].map((what) => ({ statement, key, what }))
    )
  );
  const lesser = parts.map(({ statement, key, what }) => without(policy, statement, key, what));
  const [whole = [], ...rest] = await simulate([policy, ...lesser], requests);
  assertEquals(requests.filter((_, i) => !whole[i]), []);
  const needless = parts.filter((_, i) => !rest[i]?.includes(false));
  assertEquals(needless.map(({ statement, what }) => `${what} of ${statement.Sid}`), []);
}

/** What a policy allows of these. */
async function allowedBy(policy: Policy, asked: Readonly<Record<string, IamRequest>>): Promise<string[]> {
  const [row = []] = await simulate([policy], Object.values(asked));
  return Object.keys(asked).filter((_, i) => row[i]);
}

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

/** All that an operator's commands ask of AWS, from setup to teardown. */
async function adminRequests(): Promise<IamRequest[]> {
  await using f = await fleet({ empty: true });
  await using endpoint = confirming();
  const create = "instances create --image ami-1 --type t3.micro --key-name ours";
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const LaunchTemplateData = { ImageId: "ami-1", InstanceType: "t3.micro" } as const;
  const template = { LaunchTemplateName: "ours", LaunchTemplateData };
  await (await aws.ec2()).send(new CreateLaunchTemplateCommand(template));
  const before = f.sandbox.calls.length;
  await f.rows("instances create --launch-template ours --role base");
  // The node comes into a zone that the balancer is not in yet.
  await f.rows("balancers create kas");
  const [launched] = await f.rows(create);
  const node = String(launched?.["id"]);
  const comesTo = (wanted: string) =>
    f.sandbox.world.until(() =>
      f.sandbox.world.instances().some(({ id, state }) => id === node && state === wanted)
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
  await f.rows(`setup --url ${endpoint.url}`);
  await f.rows(`alarms test kas:cpuhigh:${node} OK`);
  await f.rows(`instances stop ${node}`);
  await comesTo("stopped");
  await f.rows(`instances start ${node}`);
  await comesTo("running");
  await f.rows(`instances stop ${node}`);
  await comesTo("stopped");
  f.machines.broken.add(node);
  await f.kas("scale out --start-timeout 1s");
  await f.rows(`instances release ${node}`);
  await f.rows("balancers");
  await f.kas(`doctor --url ${endpoint.url}`);
  await f.rows("teardown --instances --yes");
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

const on = (action: string, resource: string, tags: Record<string, string> = {}): IamRequest => ({
  action,
  resource: `arn:aws:${action.split(":")[0]}:eu-west-1:${ACCOUNT}:${resource}`,
  context: Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
});

const REGISTER = "elasticloadbalancing:RegisterInstancesWithLoadBalancer";
const node = { "kas:fleet": "kas", "kas:role": "node" };
const theirs = { "kas:fleet": "theirs", "kas:role": "node" };

/** Of a launch from the template that is meant, with the tags. */
const launched = (tags: Record<string, string>, template = TEMPLATE): IamRequest => ({
  ...on("ec2:RunInstances", "instance/i-1"),
  context: {
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    "ec2:LaunchTemplate": `arn:aws:ec2:eu-west-1:${ACCOUNT}:launch-template/${template}`,
  },
});

/** Of setting one tag of an instance. */
const tagged = (
  key: string,
  instance: Record<string, string>,
  more: IamRequest["context"] = {},
): IamRequest => {
  const request = on("ec2:CreateTags", "instance/i-1", instance);
  return { ...request, context: { ...request.context, "aws:TagKeys": [key], ...more } };
};

const AT_LAUNCH = { "ec2:CreateAction": "RunInstances" };

/** The tags that a request asks for. */
const asking = (fleet: string, role: string): IamRequest["context"] => ({
  "aws:RequestTag/kas:fleet": fleet,
  "aws:RequestTag/kas:role": role,
});

const passing = (role: string, service: string): IamRequest => ({
  action: "iam:PassRole",
  resource: `arn:aws:iam::${ACCOUNT}:role/${role}`,
  context: { "iam:PassedToService": service },
});

/** What nobody may who scales a fleet. */
const NEVER = {
  "stop the base": on("ec2:StopInstances", "instance/i-1", { ...node, "kas:role": "base" }),
  "stop a control instance": on("ec2:StopInstances", "instance/i-1", { ...node, "kas:role": "control" }),
  "stop another fleet's node": on("ec2:StopInstances", "instance/i-1", theirs),
  "start another fleet's node": on("ec2:StartInstances", "instance/i-1", theirs),
  "stop an instance without tags": on("ec2:StopInstances", "instance/i-1"),
  "terminate the base": on("ec2:TerminateInstances", "instance/i-1", { ...node, "kas:role": "base" }),
  "terminate another fleet's node": on("ec2:TerminateInstances", "instance/i-1", theirs),
  "delete an alarm": on("cloudwatch:DeleteAlarms", "alarm:kas:cpuhigh:i-1"),
  "register with another balancer": on(REGISTER, "loadbalancer/theirs"),
  "confirm another topic's subscription": on("sns:ConfirmSubscription", "theirs"),
  "take another fleet's instance into this one": tagged("kas:fleet", theirs),
  "change a node's role": tagged("kas:role", node),
  "quarantine another fleet's node": tagged("kas:quarantine", theirs),
  "tag another's instance as if it launched it": tagged("kas:fleet", {}, asking("kas", "node")),
  "tag at launch into another fleet": tagged("kas:fleet", {}, { ...asking("theirs", "node"), ...AT_LAUNCH }),
  "tag a base at launch": tagged("kas:role", {}, { ...asking("kas", "base"), ...AT_LAUNCH }),
  "launch from an image of its own choice": {
    ...on("ec2:RunInstances", "x"),
    resource: "arn:aws:ec2:eu-west-1::image/ami-1",
  },
  "launch into another fleet": launched({ "kas:fleet": "theirs", "kas:role": "node" }),
  "launch a base": launched({ "kas:fleet": "kas", "kas:role": "base" }),
  "launch without tags": launched({}),
  "launch from another template": launched(
    { "kas:fleet": "kas", "kas:role": "node" },
    "lt-0aaaaaaaaaaaaaaaa",
  ),
  "pass another role": passing("admin", "ec2.amazonaws.com"),
  "pass the role to another service": passing(ROLE, "lambda.amazonaws.com"),
} satisfies Record<string, IamRequest>;

testWith(NEEDS, "the autoscaler may not do what is not its business", async () => {
  const more = {
    "terminate a node": on("ec2:TerminateInstances", "instance/i-1", node),
    "launch a node": launched({ "kas:fleet": "kas", "kas:role": "node" }),
  };
  assertEquals(await allowedBy(autoscalerPolicy(SCOPE), { ...NEVER, ...more }), []);
  assertEquals(await allowedBy(autoscalerPolicy(GROWING), { ...NEVER, ...more }), Object.keys(more));
});

testWith(NEEDS, "each condition keeps something away that would else be allowed", async () => {
  const policy = autoscalerPolicy(GROWING);
  const parts = policy.Statement.flatMap((statement) =>
    Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key) => ({ statement, operator, key }))
    )
  );
  const looser = parts.map(({ statement, operator, key }): Policy => {
    const { [key]: _, ...left } = statement.Condition?.[operator] ?? {};
    const Condition = { ...statement.Condition, [operator]: left };
    return {
      ...policy,
      Statement: policy.Statement.map((it) => it === statement ? { ...it, Condition } : it),
    };
  });
  const answers = await simulate(looser, Object.values(NEVER));
  const idle = parts.filter((_, i) => !answers[i]?.includes(true));
  assertEquals(idle.map(({ statement, key }) => `${key} of ${statement.Sid}`), []);
});

testWith(
  NEEDS,
  "a policy is of its own balancer: the one of a target group allows nothing of a Classic one",
  async () => {
    const arn = `arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT}:targetgroup/kas/0123456789abcdef`;
    const policy = autoscalerPolicy({ ...SCOPE, balancer: balancerRef({ fleet: "kas", targetGroup: arn }) });
    const target = { ...on("elasticloadbalancing:RegisterTargets", "x"), resource: arn };
    assertEquals(
      await allowedBy(policy, {
        classic: on(REGISTER, "loadbalancer/kas"),
        theirs: { ...target, resource: arn.replace("/kas/", "/theirs/") },
        ours: target,
      }),
      ["ours"],
    );
  },
);

testWith(NEEDS, "an operator may not touch what is others'", async () => {
  const asked = {
    "terminate another fleet's node": on("ec2:TerminateInstances", "instance/i-1", theirs),
    "delete another fleet's alarm": on("cloudwatch:DeleteAlarms", "alarm:theirs:cpuhigh:i-1"),
    "delete another topic": on("sns:DeleteTopic", "theirs"),
    "launch into another fleet": launched({ "kas:fleet": "theirs" }),
    "tag an instance into the fleet": tagged("kas:fleet", {}, { "aws:RequestTag/kas:fleet": "kas" }),
    "delete another balancer": on("elasticloadbalancing:DeleteLoadBalancer", "loadbalancer/theirs"),
  };
  assertEquals(await allowedBy(adminPolicy(SCOPE), asked), []);
});

Deno.test("kas admin iam-policy prints JSON for the fleet, topic and partition that it is told", async () => {
  await using f = await fleet({ empty: true });
  const printed = async (words: string) => JSON.parse((await f.kas(`iam-policy ${words}`)).out) as Policy;
  assertEquals(await printed(`autoscaler --region eu-west-1 --account ${ACCOUNT}`), autoscalerPolicy(SCOPE));
  assertEquals(await printed(`autoscaler --topic-arn ${TOPIC_ARN}`), autoscalerPolicy(SCOPE));
  assertEquals(
    await printed(
      `autoscaler --topic-arn ${TOPIC_ARN} --grow ${TEMPLATE} --shrink terminate --instance-role ${ROLE}`,
    ),
    autoscalerPolicy(GROWING),
  );
  const pull = await printed("autoscaler --pull");
  assertEquals(
    pull.Statement.flatMap(({ Action }) => Action).filter((action) => action.startsWith("sns:")),
    [],
  );
  const china = JSON.stringify(await printed("admin --region cn-north-1 --fleet web"));
  assertMatch(china, /"arn:aws-cn:cloudwatch:cn-north-1:\*:alarm:web:\*"/);
  assertMatch(china, /"arn:aws-cn:elasticloadbalancing:cn-north-1:\*:loadbalancer\/web"/);
  const { status, err } = await f.kas("iam-policy admin --account 12");
  assertEquals(status, 2);
  assertMatch(err, /an account's id of 12 digits/);
});

Deno.test("the policies fit into IAM's 6,144 characters of a managed one", () => {
  for (const policy of [autoscalerPolicy(GROWING), adminPolicy({ ...SCOPE, instanceRole: ROLE })]) {
    assert(JSON.stringify(policy).length <= 6_144);
  }
});
