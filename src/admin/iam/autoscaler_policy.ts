/**
 * The minimal IAM policy of the autoscaler.
 *
 * @module
 */
import { TAG } from "../../aws/ec2/ec2_instance.ts";
import { alarmsArn, allow, balancerArns, instancesArn, type Policy, policyOf, type Scope } from "./policy.ts";
import {
  inFleet,
  launchStatements,
  putAlarmsStatement,
  queueStatements,
  REGISTER_INSTANCES,
  REGISTER_TARGETS,
  tagStatement,
} from "./statements.ts";

/** The actions that read a load balancer and the health checks, which kas makes too before it registers an instance. */
const READ_BALANCER = {
  "classic": ["DescribeInstanceHealth", "DescribeLoadBalancers"],
  "target-groups": ["DescribeTargetGroups", "DescribeTargetHealth"],
  "none": [],
} as const;

/** Returns the policy of an autoscaler with the settings in the scope. */
export function autoscalerPolicy(scope: Scope): Policy {
  const { fleet, topicArn, grow, shrink, balancer } = scope;
  // With this condition AWS refuses to stop base, control and protected instances, so that kas cannot stop one even if kas has a
  // fault (I1). A legacy instance has no role tag, and its name ends in its role.
  const isStoppable = {
    StringEquals: { [`aws:ResourceTag/${TAG.fleet}`]: fleet },
    StringNotEquals: { [`aws:ResourceTag/${TAG.role}`]: ["base", "control"] },
    StringNotLike: { [`aws:ResourceTag/${TAG.name}`]: ["*_base", "*_ctl"] },
    Null: { [`aws:ResourceTag/${TAG.protected}`]: "true" },
  };
  return policyOf([
    // For these actions, IAM accepts only the resource "*".
    allow("Read", ["*"], [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstances",
      ...READ_BALANCER[balancer.kind].map((action) => `elasticloadbalancing:${action}`),
    ]),
    allow(
      "Start",
      [instancesArn(scope)],
      ["ec2:DescribeInstanceAttribute", "ec2:StartInstances"],
      inFleet(fleet),
    ),
    allow("Stop", [instancesArn(scope)], ["ec2:StopInstances"], isStoppable),
    ...(shrink === "terminate"
      ? [allow("Terminate", [instancesArn(scope)], ["ec2:TerminateInstances"], isStoppable)]
      : []),
    tagStatement(scope, "Quarantine", [TAG.quarantine], ["ec2:CreateTags"]),
    ...(balancer.kind === "none" ? [] : [allow(
      "LoadBalancer",
      balancerArns(scope),
      balancer.kind === "classic" ? REGISTER_INSTANCES : REGISTER_TARGETS,
    )]),
    ...(topicArn === undefined
      ? []
      : [allow("ConfirmSubscription", [topicArn], ["sns:ConfirmSubscription"])]),
    ...queueStatements(scope),
    ...(grow === undefined ? [] : launchStatements(scope, { [`aws:RequestTag/${TAG.role}`]: "node" }, grow)),
    // kas creates the alarms of a launched node and deletes the alarms of a terminated node.
    ...(grow === undefined ? [] : [putAlarmsStatement(scope, "CreateAlarms")]),
    ...(shrink === "terminate"
      ? [allow("DeleteAlarms", [alarmsArn(scope)], ["cloudwatch:DeleteAlarms"])]
      : []),
  ]);
}
