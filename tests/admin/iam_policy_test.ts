/**
 * `kas admin iam-policy`: every call that kas makes is allowed, each statement is needed by one, and others' things are out of
 * reach. What is allowed is decided by an IAM simulator, on calls that were really made.
 *
 * @module
 */
import { SubscribeCommand } from "@aws-sdk/client-sns";
import { adminPolicy, autoscalerPolicy, type Policy, type Statement } from "../../src/admin/iam_policy.ts";
import { connect } from "../../src/aws/clients.ts";
import type { Call } from "../../src/sandbox/endpoint.ts";
import { ACCOUNT } from "../../src/sandbox/service.ts";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fleetOf } from "../lab/fleet_plan.ts";
import { away, FIRST, out, told } from "../lab/script.ts";
import { fleet } from "./fleet.ts";
import { type IamRequest, requestsOf, type Tags } from "./iam_requests.ts";

const SCOPE = {
  region: "eu-west-1",
  account: ACCOUNT,
  fleet: "kas",
  loadBalancer: "kas",
  topicArn: `arn:aws:sns:eu-west-1:${ACCOUNT}:kas`,
};

/** Whether a policy allows what is asked; throws where the question or the policy is malformed. */
async function allows(policy: Policy, { action, resource, context }: IamRequest): Promise<boolean> {
  const answer = await runSimulation({
    request: {
      action,
      principal: `arn:aws:iam::${ACCOUNT}:role/kas`,
      resource: { resource, accountId: ACCOUNT },
      contextVariables: context,
    },
    identityPolicies: [{ name: "kas", policy }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }, {});
  if (answer.resultType === "error") {
    throw new Error(`${action} on ${resource}: ${JSON.stringify(answer.errors)}`);
  }
  return answer.overallResult === "Allowed";
}

/** Each question once. */
function distinct(calls: readonly Call[], tags: Tags): IamRequest[] {
  const all = calls.filter(({ error }) => error === undefined).flatMap((call) => requestsOf(call, tags));
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
  for (const request of requests) assert(await allows(policy, request), `denied: ${JSON.stringify(request)}`);
  for (const statement of policy.Statement) {
    for (const key of ["Action", "Resource"] as const) {
      for (const what of statement[key]) {
        const less = without(policy, statement, key, what);
        const users = requests.filter(({ action }) => statement.Action.includes(action));
        const allowed = await Promise.all(users.map((request) => allows(less, request)));
        assert(allowed.includes(false), `nobody needs ${what} of ${statement.Sid}`);
      }
    }
  }
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

/** All that an operator's commands ask of AWS, from setup to teardown. */
async function adminRequests(): Promise<IamRequest[]> {
  await using f = await fleet({ empty: true });
  await using endpoint = confirming();
  const create = "instances create --image ami-1 --type t3.micro --key-name ours";
  await f.rows("instances create --launch-template ours --role base");
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
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const { topicArn: TopicArn } = SCOPE;
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
  await f.rows("teardown --instances --yes");
  // Whoever is subscribed confirms by a URL, which takes no permission.
  return distinct(f.sandbox.calls.filter(({ action }) => action !== "ConfirmSubscription"), tags);
}

/** A server that confirms every subscription. */
function confirming() {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { SubscribeURL } = JSON.parse(await request.text());
    if (SubscribeURL !== undefined) await (await fetch(SubscribeURL)).body?.cancel();
    return new Response();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("the autoscaler's policy allows each call that it makes, and has no action too many", async () => {
  await fits(autoscalerPolicy(SCOPE), await autoscalerRequests());
});

Deno.test("the operator's policy allows each call of its commands, and has no action too many", async () => {
  await fits(adminPolicy(SCOPE), await adminRequests());
});

const on = (action: string, resource: string, tags: Record<string, string> = {}): IamRequest => ({
  action,
  resource: `arn:aws:${action.split(":")[0]}:eu-west-1:${ACCOUNT}:${resource}`,
  context: Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
});

const REGISTER = "elasticloadbalancing:RegisterInstancesWithLoadBalancer";
const node = { "kas:fleet": "kas", "kas:role": "node" };
const theirs = { "kas:fleet": "theirs", "kas:role": "node" };

for (
  const [what, request] of [
    ["stop the base", on("ec2:StopInstances", "instance/i-1", { ...node, "kas:role": "base" })],
    ["stop a control instance", on("ec2:StopInstances", "instance/i-1", { ...node, "kas:role": "control" })],
    ["start another fleet's node", on("ec2:StartInstances", "instance/i-1", theirs)],
    ["stop an instance without tags", on("ec2:StopInstances", "instance/i-1")],
    ["terminate a node", on("ec2:TerminateInstances", "instance/i-1", node)],
    ["delete an alarm", on("cloudwatch:DeleteAlarms", "alarm:kas:cpuhigh:i-1")],
    ["register with another balancer", on(REGISTER, "loadbalancer/theirs")],
    ["confirm another topic's subscription", on("sns:ConfirmSubscription", "theirs")],
    ["make a node of another fleet's instance", {
      ...on("ec2:CreateTags", "instance/i-1", theirs),
      context: { "aws:ResourceTag/kas:fleet": "theirs", "aws:TagKeys": ["kas:fleet"] },
    }],
    ["change a node's role", {
      ...on("ec2:CreateTags", "instance/i-1", node),
      context: { "aws:ResourceTag/kas:fleet": "kas", "aws:TagKeys": ["kas:role"] },
    }],
  ] satisfies (readonly [string, IamRequest])[]
) {
  Deno.test(`the autoscaler may not ${what}`, async () => {
    assertEquals(await allows(autoscalerPolicy(SCOPE), request), false);
  });
}

for (
  const [what, request] of [
    ["terminate another fleet's node", on("ec2:TerminateInstances", "instance/i-1", theirs)],
    ["delete another fleet's alarm", on("cloudwatch:DeleteAlarms", "alarm:theirs:cpuhigh:i-1")],
    ["delete another topic", on("sns:DeleteTopic", "theirs")],
    ["launch into another fleet", {
      ...on("ec2:RunInstances", "instance/i-1"),
      context: { "aws:RequestTag/kas:fleet": "theirs" },
    }],
    ["tag an instance into the fleet", {
      ...on("ec2:CreateTags", "instance/i-1"),
      context: { "aws:RequestTag/kas:fleet": "kas", "aws:TagKeys": ["kas:fleet"] },
    }],
  ] satisfies (readonly [string, IamRequest])[]
) {
  Deno.test(`an operator may not ${what}`, async () => {
    assertEquals(await allows(adminPolicy(SCOPE), request), false);
  });
}

Deno.test("kas admin iam-policy prints JSON for the fleet, topic and partition that it is told", async () => {
  await using f = await fleet({ empty: true });
  const printed = async (words: string) => JSON.parse((await f.kas(`iam-policy ${words}`)).out) as Policy;
  assertEquals(await printed(`autoscaler --region eu-west-1 --account ${ACCOUNT}`), autoscalerPolicy(SCOPE));
  const china = JSON.stringify(await printed("admin --region cn-north-1 --fleet web"));
  assertMatch(china, /"arn:aws-cn:cloudwatch:cn-north-1:\*:alarm:web:\*"/);
  assertMatch(china, /"arn:aws-cn:elasticloadbalancing:cn-north-1:\*:loadbalancer\/web"/);
  const { status, err } = await f.kas("iam-policy admin --account 12");
  assertEquals(status, 2);
  assertMatch(err, /an account id of 12 digits/);
});
