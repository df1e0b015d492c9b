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
  REGISTER_INSTANCES,
  REGISTER_TARGETS,
  tagStatement,
} from "./statements.ts";

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
  const isClassic = balancer.kind === "classic";
  return policyOf([
    // For these actions, IAM accepts only the resource "*".
    allow("Read", ["*"], [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstances",
      // With these actions kas also reads the health checks, to make the same checks before it registers an instance.
      ...(isClassic
        ? ["DescribeInstanceHealth", "DescribeLoadBalancers"]
        : ["DescribeTargetGroups", "DescribeTargetHealth"])
        .map((action) => `elasticloadbalancing:${action}`),
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
    allow("LoadBalancer", balancerArns(scope), isClassic ? REGISTER_INSTANCES : REGISTER_TARGETS),
    ...(topicArn === undefined
      ? []
      : [allow("ConfirmSubscription", [topicArn], ["sns:ConfirmSubscription"])]),
    ...(grow === undefined ? [] : launchStatements(scope, { [`aws:RequestTag/${TAG.role}`]: "node" }, grow)),
    // kas creates the alarms of a launched node and deletes the alarms of a terminated node.
    ...(grow === undefined ? [] : [putAlarmsStatement(scope, "CreateAlarms")]),
    ...(shrink === "terminate"
      ? [allow("DeleteAlarms", [alarmsArn(scope)], ["cloudwatch:DeleteAlarms"])]
      : []),
  ]);
}
