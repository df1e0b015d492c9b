/**
 * The policies of `kas admin iam-policy` deny calls for resources outside the fleet, and each of their conditions is
 * necessary.
 *
 * @module
 */
import { adminPolicy } from "../../../src/admin/iam/admin_policy.ts";
import { autoscalerPolicy } from "../../../src/admin/iam/autoscaler_policy.ts";
import type { Policy } from "../../../src/admin/iam/policy.ts";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import { ACCOUNT_ID } from "../../../src/sandbox/wire/action.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../../support/needs.ts";
import { fleet } from "../../unit/admin/fleet.ts";
import { allowedBy, GROWING, SCOPE, TEMPLATE, TOPIC_ARN, unnecessary } from "./proof.ts";
import { type IamRequest, ROLE } from "./requests.ts";
import { simulator } from "./simulator.ts";

/** The tests are skipped without the simulator. */
const NEEDS = [await simulator()];

const on = (action: string, resource: string, tags: Record<string, string> = {}): IamRequest => ({
  action,
  resource: `arn:aws:${action.split(":")[0]}:eu-west-1:${ACCOUNT_ID}:${resource}`,
  context: Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
});

const REGISTER = "elasticloadbalancing:RegisterInstancesWithLoadBalancer";
const node = { "kas:fleet": "kas", "kas:role": "node" };
const PROTECTED = { ...node, "kas:protected": "true" };
const theirs = { "kas:fleet": "theirs", "kas:role": "node" };

/**
 * Returns the IAM context of a launch from a template. If `overridden`, the request has its own value for the resource.
 */
const from = (template: string, overridden = false): IamRequest["context"] => ({
  "ec2:LaunchTemplate": `arn:aws:ec2:eu-west-1:${ACCOUNT_ID}:launch-template/${template}`,
  "ec2:IsLaunchTemplateResource": String(!overridden),
});

/** Returns the request of a launch with these tags. */
const launched = (tags: Record<string, string>, template = TEMPLATE, overridden = false): IamRequest => ({
  ...on("ec2:RunInstances", "instance/i-1"),
  context: {
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...from(template, overridden),
  },
});

/** Returns the request to use a resource in a launch from the right template. */
const using = (resource: string, overridden: boolean): IamRequest => ({
  ...on("ec2:RunInstances", resource),
  ...(resource.startsWith("image/") ? { resource: `arn:aws:ec2:eu-west-1::${resource}` } : {}),
  context: from(TEMPLATE, overridden),
});

const RESOURCES = [
  "image/ami-1",
  "subnet/subnet-1",
  "security-group/sg-1",
  "key-pair/theirs",
  "network-interface/eni-1",
  "volume/vol-1",
];
const NODE_TAGS = { "kas:fleet": "kas", "kas:role": "node" };

/** Returns the request to create the fleet's alarm with these actions. */
const alarm = (...actions: readonly string[]): IamRequest => ({
  ...on("cloudwatch:PutMetricAlarm", "alarm:kas:cpuhigh:i-1"),
  context: actions.length === 0 ? {} : { "cloudwatch:AlarmActions": [...actions] },
});

/** Requests to create alarms whose actions attack the account. */
const ALARM_ATTACKS: Record<string, IamRequest> = {
  "have an alarm terminate an instance": alarm("arn:aws:automate:eu-west-1:ec2:terminate"),
  "have an alarm stop an instance, beside notifying": alarm(TOPIC_ARN, "arn:aws:automate:eu-west-1:ec2:stop"),
  "have an alarm call a function": alarm(`arn:aws:lambda:eu-west-1:${ACCOUNT_ID}:function:theirs`),
  "have an alarm notify another topic": alarm(`arn:aws:sns:eu-west-1:${ACCOUNT_ID}:theirs`),
  "have an alarm notify another account": alarm("arn:aws:sns:eu-west-1:999999999999:kas"),
};

/** Returns a request that sets or deletes all tags of an instance, because it names no key. */
const keyless = (action: string): IamRequest => on(action, "instance/i-1", node);

/** Returns the request to set one tag of an instance that has these tags. */
const tagged = (
  key: string,
  instance: Record<string, string>,
  more: IamRequest["context"] = {},
): IamRequest => {
  const request = on("ec2:CreateTags", "instance/i-1", instance);
  return { ...request, context: { ...request.context, "aws:TagKeys": [key], ...more } };
};

const AT_LAUNCH = { "ec2:CreateAction": "RunInstances" };

/** Returns the IAM context for the tags in a request. */
const asking = (fleet: string, role: string): IamRequest["context"] => ({
  "aws:RequestTag/kas:fleet": fleet,
  "aws:RequestTag/kas:role": role,
});

const passing = (role: string, service: string): IamRequest => ({
  action: "iam:PassRole",
  resource: `arn:aws:iam::${ACCOUNT_ID}:role/${role}`,
  context: { "iam:PassedToService": service },
});

/** The requests that the autoscaler's policy must deny. */
const NEVER = {
  "stop the base": on("ec2:StopInstances", "instance/i-1", { ...node, "kas:role": "base" }),
  "stop a control instance": on("ec2:StopInstances", "instance/i-1", { ...node, "kas:role": "control" }),
  "stop a base that only its name shows": on("ec2:StopInstances", "instance/i-1", {
    "kas:fleet": "kas",
    Name: "ours_base",
  }),
  "stop a control instance that only its name shows": on("ec2:StopInstances", "instance/i-1", {
    "kas:fleet": "kas",
    Name: "kas_ctl",
  }),
  "terminate a base that only its name shows": on("ec2:TerminateInstances", "instance/i-1", {
    "kas:fleet": "kas",
    Name: "kas_base",
  }),
  "stop a protected node": on("ec2:StopInstances", "instance/i-1", PROTECTED),
  "terminate a protected node": on("ec2:TerminateInstances", "instance/i-1", PROTECTED),
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
  "move another fleet's instance into this one": tagged("kas:fleet", theirs),
  "change a node's role": tagged("kas:role", node),
  "protect a node": tagged("kas:protected", node),
  "quarantine another fleet's node": tagged("kas:quarantine", theirs),
  "tag a foreign instance as if it had launched it": tagged("kas:fleet", {}, asking("kas", "node")),
  "tag at launch into another fleet": tagged("kas:fleet", {}, { ...asking("theirs", "node"), ...AT_LAUNCH }),
  "tag a base at launch": tagged("kas:role", {}, { ...asking("kas", "base"), ...AT_LAUNCH }),
  "launch from any image": {
    ...on("ec2:RunInstances", "x"),
    resource: "arn:aws:ec2:eu-west-1::image/ami-1",
  },
  ...Object.fromEntries(
    RESOURCES.map((resource) => [`launch with another ${resource.split("/")[0]}`, using(resource, true)]),
  ),
  "launch with the image of another template": {
    ...using("image/ami-1", false),
    context: from("lt-0aaaaaaaaaaaaaaaa"),
  },
  "launch with another instance type": launched(NODE_TAGS, TEMPLATE, true),
  ...ALARM_ATTACKS,
  "set tags without naming any": keyless("ec2:CreateTags"),
  "delete all tags": keyless("ec2:DeleteTags"),
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

testWith(
  NEEDS,
  "the IAM policy denies the autoscaler changes of base instances, other fleets and resources outside its settings",
  async () => {
    const more = {
      "terminate a node": on("ec2:TerminateInstances", "instance/i-1", node),
      "launch a node": launched({ "kas:fleet": "kas", "kas:role": "node" }),
      ...Object.fromEntries(RESOURCES.map((it) => [`launch with the template's ${it}`, using(it, false)])),
      "create an alarm": alarm(TOPIC_ARN),
      "create an alarm without actions": alarm(),
      "delete an alarm": on("cloudwatch:DeleteAlarms", "alarm:kas:cpuhigh:i-1"),
    };
    assertEquals(await allowedBy(autoscalerPolicy(SCOPE), { ...NEVER, ...more }), []);
    assertEquals(await allowedBy(autoscalerPolicy(GROWING), { ...NEVER, ...more }), Object.keys(more));
  },
);

testWith(NEEDS, "every condition in the IAM policy is necessary to deny a forbidden request", async () => {
  assertEquals(await unnecessary(autoscalerPolicy(GROWING), Object.values(NEVER)), []);
});

testWith(
  NEEDS,
  "the IAM policy for a target group denies changes of Classic Load Balancers and of other target groups",
  async () => {
    const arn = `arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT_ID}:targetgroup/kas/0123456789abcdef`;
    const policy = autoscalerPolicy({
      ...SCOPE,
      balancer: balancerRef({ fleet: "kas", targetGroup: [arn] }),
    });
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

testWith(
  NEEDS,
  "the IAM policy permits only alarms that notify the topic, and denies deleting tags without tag keys",
  async () => {
    const attacks = { ...ALARM_ATTACKS, "delete all tags": keyless("ec2:DeleteTags") };
    const without = { "set an alarm without actions": alarm() };
    const requests = { ...attacks, ...without, "set an alarm that notifies": alarm(TOPIC_ARN) };
    const pull = { topicArn: undefined };
    for (const policyOf of [adminPolicy, autoscalerPolicy]) {
      assertEquals(await allowedBy(policyOf(GROWING), requests), [
        ...Object.keys(without),
        "set an alarm that notifies",
      ]);
      assertEquals(await allowedBy(policyOf({ ...GROWING, ...pull }), requests), Object.keys(without));
    }
    const release = { ...keyless("ec2:DeleteTags"), context: tagged("kas:quarantine", node).context };
    assertEquals(await allowedBy(adminPolicy(SCOPE), { release }), ["release"]);
  },
);

testWith(NEEDS, "the operator's IAM policy denies changes of other fleets", async () => {
  const requests = {
    "terminate another fleet's node": on("ec2:TerminateInstances", "instance/i-1", theirs),
    "delete another fleet's alarm": on("cloudwatch:DeleteAlarms", "alarm:theirs:cpuhigh:i-1"),
    "delete another topic": on("sns:DeleteTopic", "theirs"),
    "launch into another fleet": launched({ "kas:fleet": "theirs" }),
    "tag an instance into the fleet": tagged("kas:fleet", {}, { "aws:RequestTag/kas:fleet": "kas" }),
    "delete another balancer": on("elasticloadbalancing:DeleteLoadBalancer", "loadbalancer/theirs"),
  };
  assertEquals(await allowedBy(adminPolicy(SCOPE), requests), []);
});

Deno.test("kas admin iam-policy prints a JSON policy for the given fleet, topic and partition", async () => {
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
  const china = JSON.stringify(await printed("admin --region cn-north-1 --fleet web --instance-role web"));
  assertMatch(china, /"arn:aws-cn:cloudwatch:cn-north-1:\*:alarm:web:\*"/);
  assertMatch(china, /"arn:aws-cn:elasticloadbalancing:cn-north-1:\*:loadbalancer\/web"/);
  assertMatch(china, /"arn:aws-cn:iam::\*:role\/web"/);
  assertMatch(china, /"iam:PassedToService":\["ec2.amazonaws.com","ec2.amazonaws.com.cn"\]/);
  const { status, err } = await f.kas("iam-policy admin --account 12");
  assertEquals(status, 2);
  assertMatch(err, /--account/);
});

Deno.test("each IAM policy of kas fits into IAM's limit of 6,144 characters for a managed policy", () => {
  const targetGroup = [`arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT_ID}:targetgroup/kas/*`];
  const made = { balancer: balancerRef({ fleet: "kas", targetGroup }), makes: "application" } as const;
  const policies = [
    autoscalerPolicy(GROWING),
    adminPolicy({ ...SCOPE, instanceRole: ROLE }),
    adminPolicy({ ...SCOPE, ...made, instanceRole: ROLE }),
  ];
  for (const policy of policies) assert(JSON.stringify(policy).length <= 6_144);
});

Deno.test("without a load balancer, the policies permit no change of one, and each statement names its resources", () => {
  const balancer = balancerRef({ fleet: "kas", balancer: "none" });
  for (
    const { Statement } of [autoscalerPolicy({ ...GROWING, balancer }), adminPolicy({ ...SCOPE, balancer })]
  ) {
    assertEquals(Statement.filter(({ Resource }) => Resource.length === 0), []);
    const changes = Statement.flatMap(({ Action }) => Action).filter((action) =>
      /^elasticloadbalancing:(?!Describe)/.test(action)
    );
    assertEquals(changes, []);
  }
});
