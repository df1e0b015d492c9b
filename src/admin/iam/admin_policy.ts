/**
 * The minimal IAM policy of an operator who runs `kas admin`.
 *
 * @module
 */
import { TAG } from "../../aws/ec2/ec2_instance.ts";
import { alarmsArn, allow, balancerArns, instancesArn, type Policy, policyOf, type Scope } from "./policy.ts";
import {
  inFleet,
  launchStatements,
  putAlarmsStatement,
  REGISTER_INSTANCES,
  REGISTER_TARGETS,
  tagStatement,
} from "./statements.ts";

/** Returns the policy that allows all commands of `kas admin`. */
export function adminPolicy(scope: Scope): Policy {
  const { fleet, topicArn, balancer } = scope;
  const isClassic = balancer.kind === "classic";
  return policyOf([
    // For these actions, IAM accepts only the resource "*".
    allow("Read", ["*"], [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ec2:DescribeInstanceCreditSpecifications",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstances",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeVolumes",
      "elasticloadbalancing:DescribeLoadBalancers",
      ...(isClassic ? READ_CLASSIC : READ_TARGET_GROUP),
      "sns:ListTopics",
    ]),
    allow("Instances", [instancesArn(scope)], [
      "ec2:DescribeInstanceAttribute",
      "ec2:MonitorInstances",
      "ec2:StartInstances",
      "ec2:StopInstances",
      "ec2:TerminateInstances",
    ], inFleet(fleet)),
    tagStatement(
      scope,
      "Tags",
      [TAG.byOperator, TAG.detached, TAG.protected, TAG.quarantine],
      ["ec2:CreateTags", "ec2:DeleteTags"],
    ),
    ...launchStatements(scope, {}),
    allow("LoadBalancer", balancerArns(scope), isClassic ? CHANGE_CLASSIC : CHANGE_TARGET_GROUP),
    allow("Alarms", [alarmsArn(scope)], [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:SetAlarmState",
    ]),
    putAlarmsStatement(scope, "PutAlarms"),
    ...(topicArn === undefined ? [] : [
      allow("Topic", [topicArn], [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:GetSubscriptionAttributes",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:SetSubscriptionAttributes",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:Unsubscribe",
      ]),
    ]),
  ]);
}

const READ_CLASSIC = [
  "ec2:DescribeVpcs",
  "elasticloadbalancing:DescribeInstanceHealth",
  "elasticloadbalancing:DescribeLoadBalancerAttributes",
];
const READ_TARGET_GROUP = [
  "elasticloadbalancing:DescribeTargetGroupAttributes",
  "elasticloadbalancing:DescribeTargetGroups",
  "elasticloadbalancing:DescribeTargetHealth",
];
const CHANGE_CLASSIC = [
  ...REGISTER_INSTANCES,
  "elasticloadbalancing:AttachLoadBalancerToSubnets",
  "elasticloadbalancing:ConfigureHealthCheck",
  "elasticloadbalancing:CreateLoadBalancer",
  "elasticloadbalancing:DeleteLoadBalancer",
  "elasticloadbalancing:EnableAvailabilityZonesForLoadBalancer",
  "elasticloadbalancing:ModifyLoadBalancerAttributes",
];
const CHANGE_TARGET_GROUP = [
  ...REGISTER_TARGETS,
  "elasticloadbalancing:ModifyTargetGroup",
  "elasticloadbalancing:ModifyTargetGroupAttributes",
];
