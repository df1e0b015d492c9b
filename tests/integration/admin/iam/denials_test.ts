/**
 * `kas admin iam-policy`: what is others' is out of reach, and each condition is needed for that; and what the command prints.
 *
 * @module
 */
import { adminPolicy, autoscalerPolicy, type Policy } from "../../../../src/admin/iam/policies.ts";
import { balancerRef } from "../../../../src/aws/balancing/balancer.ts";
import { ACCOUNT_ID } from "../../../../src/sandbox/wire/action.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../../../support/needs.ts";
import { fleet } from "../../../unit/admin/fleet.ts";
import { allowedBy, GROWING, SCOPE, TEMPLATE, TOPIC_ARN } from "./proof.ts";
import { type IamRequest, ROLE } from "./requests.ts";
import { simulate, simulator } from "./simulator.ts";

/** The simulator is asked where it can be had. */
const NEEDS = [await simulator()];

const on = (action: string, resource: string, tags: Record<string, string> = {}): IamRequest => ({
  action,
  resource: `arn:aws:${action.split(":")[0]}:eu-west-1:${ACCOUNT_ID}:${resource}`,
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
    "ec2:LaunchTemplate": `arn:aws:ec2:eu-west-1:${ACCOUNT_ID}:launch-template/${template}`,
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
  resource: `arn:aws:iam::${ACCOUNT_ID}:role/${role}`,
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
  "delete another fleet's alarm": on("cloudwatch:DeleteAlarms", "alarm:theirs:cpuhigh:i-1"),
  "change another fleet's alarm": on("cloudwatch:PutMetricAlarm", "alarm:theirs:cpuhigh:i-1"),
  "set an alarm's state": on("cloudwatch:SetAlarmState", "alarm:kas:cpuhigh:i-1"),
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
    "have it watched": on("cloudwatch:PutMetricAlarm", "alarm:kas:cpuhigh:i-1"),
    "delete an alarm": on("cloudwatch:DeleteAlarms", "alarm:kas:cpuhigh:i-1"),
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
    const arn = `arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT_ID}:targetgroup/kas/0123456789abcdef`;
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
  assertEquals(
    await printed(`autoscaler --region eu-west-1 --account ${ACCOUNT_ID}`),
    autoscalerPolicy(SCOPE),
  );
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
