/**
 * The least that the autoscaler and an operator need to be allowed, as IAM policies.
 *
 * Instances are told by the tag `kas:fleet`; what AWS lets nobody restrict stands on `*`. Which actions that is: AWS Service
 * Authorization Reference, "Actions, resources, and condition keys" of Amazon EC2, CloudWatch, Elastic Load Balancing and SNS.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import { TAG } from "../../aws/ec2/ec2_instance.ts";

/** A statement of an identity policy. Source: IAM, "JSON policy elements". */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Condition;
}

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** An identity policy. */
export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** What a policy is about. */
export interface Scope {
  /** `*` for any. */
  readonly region: string;
  /** The account's id, `*` for any. */
  readonly account: string;
  readonly fleet: string;
  readonly balancer: BalancerRef;
  /** Absent: the alarms are only read. */
  readonly topicArn: string | undefined;
  /** The launch template that instances are launched from, by id or name; absent: none is launched by the autoscaler. */
  readonly grow: string | undefined;
  /** What becomes of nodes that are not needed any more. */
  readonly shrink: "stop" | "terminate";
  /** The IAM role that launched instances are given, by name. */
  readonly instanceRole: string | undefined;
}

/** What RunInstances touches beside the instance itself. Source: EC2, "Actions", RunInstances. */
const LAUNCHED_WITH = [
  "image",
  "key-pair",
  "launch-template",
  "network-interface",
  "security-group",
  "subnet",
  "volume",
];

/** What the autoscaler does. */
export function autoscalerPolicy(scope: Scope): Policy {
  const { fleet, topicArn, grow, shrink, balancer } = scope;
  // I1 by AWS's own hand: who is always on is not the autoscaler's to stop.
  const nodes = {
    StringEquals: { [`aws:ResourceTag/${TAG.fleet}`]: fleet },
    StringNotEquals: { [`aws:ResourceTag/${TAG.role}`]: ["base", "control"] },
  };
  const classic = balancer.kind === "classic";
  return policy([
    allow("See", ["*"], [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ec2:DescribeInstances",
      `elasticloadbalancing:${classic ? "DescribeInstanceHealth" : "DescribeTargetHealth"}`,
    ]),
    allow("Start", [instances(scope)], ["ec2:StartInstances"], own(fleet)),
    allow("Stop", [instances(scope)], ["ec2:StopInstances"], nodes),
    ...(shrink === "terminate"
      ? [allow("Shrink", [instances(scope)], ["ec2:TerminateInstances"], nodes)]
      : []),
    quarantining(scope, ["ec2:CreateTags"]),
    allow("Balance", [balancerArn(scope)], classic ? REGISTERING : TARGETING),
    ...(topicArn === undefined ? [] : [allow("Confirm", [topicArn], ["sns:ConfirmSubscription"])]),
    ...(grow === undefined ? [] : launching(scope, { [`aws:RequestTag/${TAG.role}`]: "node" }, grow)),
    // What is launched is watched as the others are, and what is terminated leaves no alarms behind.
    ...(grow === undefined ? [] : [allow("Watch", [alarms(scope)], ["cloudwatch:PutMetricAlarm"])]),
    ...(shrink === "terminate" ? [allow("Unwatch", [alarms(scope)], ["cloudwatch:DeleteAlarms"])] : []),
  ]);
}

const REGISTERING = [
  "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
  "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
];
const TARGETING = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"];

/** What `kas admin` does. */
export function adminPolicy(scope: Scope): Policy {
  const { fleet, topicArn, balancer } = scope;
  const classic = balancer.kind === "classic";
  return policy([
    allow("See", ["*"], [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ec2:DescribeInstances",
      "ec2:DescribeSecurityGroups",
      "elasticloadbalancing:DescribeLoadBalancers",
      ...(classic
        ? [
          "elasticloadbalancing:DescribeInstanceHealth",
          "elasticloadbalancing:DescribeLoadBalancerAttributes",
        ]
        : [
          "elasticloadbalancing:DescribeTargetGroupAttributes",
          "elasticloadbalancing:DescribeTargetGroups",
          "elasticloadbalancing:DescribeTargetHealth",
        ]),
      "sns:ListTopics",
    ]),
    allow("Instances", [instances(scope)], [
      "ec2:StartInstances",
      "ec2:StopInstances",
      "ec2:TerminateInstances",
    ], own(fleet)),
    quarantining(scope, ["ec2:CreateTags", "ec2:DeleteTags"]),
    ...launching(scope, {}),
    allow(
      "Balance",
      [balancerArn(scope)],
      classic
        ? [
          ...REGISTERING,
          "elasticloadbalancing:ConfigureHealthCheck",
          "elasticloadbalancing:CreateLoadBalancer",
          "elasticloadbalancing:DeleteLoadBalancer",
          "elasticloadbalancing:EnableAvailabilityZonesForLoadBalancer",
          "elasticloadbalancing:ModifyLoadBalancerAttributes",
        ]
        : [
          ...TARGETING,
          "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes",
        ],
    ),
    allow("Alarms", [alarms(scope)], [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:SetAlarmState",
    ]),
    ...(topicArn === undefined ? [] : [
      allow("Topic", [topicArn], [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:ListSubscriptionsByTopic",
        "sns:SetSubscriptionAttributes",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:Unsubscribe",
      ]),
    ]),
  ]);
}

/** The fleet's alarms. */
function alarms(scope: Scope): string {
  return arn(scope, "cloudwatch", `alarm:${scope.fleet}:*`);
}

/** An instance of the fleet. */
function own(fleet: string): Condition {
  return { StringEquals: { [`aws:ResourceTag/${TAG.fleet}`]: fleet } };
}

/** One tag alone, on the fleet's instances: nobody can be tagged into the fleet, or into another role. */
function quarantining(scope: Scope, actions: readonly string[]): Statement {
  return allow("Quarantine", [instances(scope)], actions, {
    ...own(scope.fleet),
    "ForAllValues:StringEquals": { "aws:TagKeys": [TAG.quarantine] },
  });
}

/**
 * Launching instances that carry the fleet's tag from their first moment, and no others.
 *
 * @param more what else the request's tags have to be
 * @param template by which alone it may be done
 */
function launching(scope: Scope, more: Readonly<Record<string, string>>, template?: string): Statement[] {
  const { fleet, instanceRole } = scope;
  const tagged = { [`aws:RequestTag/${TAG.fleet}`]: fleet, ...more };
  const from: Condition = template === undefined
    ? {}
    : { ArnLike: { "ec2:LaunchTemplate": arn(scope, "ec2", `launch-template/${templateId(template)}`) } };
  return [
    allow("Launch", [instances(scope)], ["ec2:RunInstances"], { StringEquals: tagged, ...from }),
    allow("LaunchWith", LAUNCHED_WITH.map((type) => resource(scope, type)), ["ec2:RunInstances"], from),
    allow("TagAtLaunch", [instances(scope)], ["ec2:CreateTags"], {
      StringEquals: { ...tagged, "ec2:CreateAction": "RunInstances" },
    }),
    ...(instanceRole === undefined ? [] : [
      allow("PassRole", [arn({ ...scope, region: "" }, "iam", `role/${instanceRole}`)], ["iam:PassRole"], {
        StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" },
      }),
    ]),
  ];
}

/** A template's id as far as it is known: a name is in no ARN. */
function templateId(template: string): string {
  return /^lt-[0-9a-f]+/.exec(template)?.[0] ?? "*";
}

function policy(Statement: readonly Statement[]): Policy {
  return { Version: "2012-10-17", Statement };
}

function allow(
  Sid: string,
  Resource: readonly string[],
  Action: readonly string[],
  condition: Condition = {},
): Statement {
  const Condition = Object.keys(condition).length === 0 ? {} : { Condition: condition };
  return { Sid, Effect: "Allow", Action: Action.toSorted(), Resource, ...Condition };
}

function instances(scope: Scope): string {
  return resource(scope, "instance");
}

/** EC2's resources of a type. Images may be anybody's: their ARNs have no account. */
function resource(scope: Scope, type: string): string {
  return arn({ ...scope, account: type === "image" ? "" : scope.account }, "ec2", `${type}/*`);
}

function balancerArn(scope: Scope): string {
  return scope.balancer.kind === "classic"
    ? arn(scope, "elasticloadbalancing", `loadbalancer/${scope.balancer.name}`)
    : scope.balancer.arn;
}

/** Source: IAM user guide, "Amazon Resource Names". */
export function arn(
  { region, account }: Pick<Scope, "region" | "account">,
  service: string,
  resource: string,
): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;
}

function partitionOf(region: string): string {
  return region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
