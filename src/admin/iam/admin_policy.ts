/**
 * The minimal IAM policy of an operator who runs `kas admin`.
 *
 * @module
 */
import { TAG } from "../../aws/ec2/ec2_instance.ts";
import {
  alarmsArn,
  allow,
  balancerArns,
  instancesArn,
  type Policy,
  policyOf,
  type Scope,
  type Statement,
} from "./policy.ts";
import { setupStatements, tagClassicStatement } from "./setup_statements.ts";
import {
  inFleet,
  launchStatements,
  putAlarmsStatement,
  queueStatements,
  REGISTER_INSTANCES,
  REGISTER_TARGETS,
  tagStatement,
} from "./statements.ts";

/** Returns the policy that allows all commands of `kas admin`. */
export function adminPolicy(scope: Scope): Policy {
  const { fleet, topicArn, balancer, makes } = scope;
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
      // setup and teardown look for load balancers and target groups that setup has created.
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroups",
      ...READ[balancer.kind],
      ...(makes === undefined ? [] : READ_MADE),
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
    ...balancerStatements(scope),
    allow("Alarms", [alarmsArn(scope)], [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:SetAlarmState",
    ]),
    putAlarmsStatement(scope, "PutAlarms"),
    // doctor reads the metrics.
    ...queueStatements(scope),
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

/** Returns the statements for changes of the load balancer. */
function balancerStatements(scope: Scope): Statement[] {
  const { balancer, makes } = scope;
  const arns = balancerArns(scope);
  switch (balancer.kind) {
    case "classic":
      return [allow("LoadBalancer", arns, CHANGE_CLASSIC), tagClassicStatement(scope, arns)];
    case "target-groups":
      return makes === undefined
        ? [allow("LoadBalancer", arns, [...REGISTER_TARGETS, ...CHANGE_TARGET_GROUP])]
        : [allow("LoadBalancer", arns, REGISTER_TARGETS), ...setupStatements(scope, makes)];
    case "none":
      return [];
  }
}

const READ = {
  "classic": [
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeInstanceHealth",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
  ],
  "target-groups": [
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetHealth",
  ],
  "none": [],
} as const;
const READ_MADE = ["ec2:DescribeSubnets", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeListeners"];
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
  "elasticloadbalancing:ModifyTargetGroup",
  "elasticloadbalancing:ModifyTargetGroupAttributes",
];
