/**
 * Conditions and statements that the policies of the autoscaler and of the operator share.
 *
 * The tag `kas:fleet` identifies the fleet's instances. Source of which actions accept which resources and condition keys: AWS
 * Service Authorization Reference, "Actions, resources, and condition keys" of Amazon EC2, CloudWatch, Elastic Load Balancing
 * and SNS.
 *
 * @module
 */
import { TAG } from "../../aws/ec2/ec2_instance.ts";
import { partitionOf } from "../../sns/partitions.ts";
import {
  alarmsArn,
  allow,
  arn,
  type Condition,
  ec2Arn,
  instancesArn,
  roleArn,
  type Scope,
  type Statement,
} from "./policy.ts";

/** Restricts to the fleet's instances. */
export function inFleet(fleet: string): Condition {
  return { StringEquals: { [`aws:ResourceTag/${TAG.fleet}`]: fleet } };
}

export const REGISTER_INSTANCES = [
  "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
  "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
];
export const REGISTER_TARGETS = [
  "elasticloadbalancing:DeregisterTargets",
  "elasticloadbalancing:RegisterTargets",
];

/**
 * Allows one tag alone, on the fleet's instances. So no instance can be moved to another fleet or role by a tag.
 *
 * A request without keys fulfills ForAllValues, and DeleteTags without keys deletes all tags: the request must name a key.
 */
export function quarantineStatement(scope: Scope, actions: readonly string[]): Statement {
  return allow("Quarantine", [instancesArn(scope)], actions, {
    ...inFleet(scope.fleet),
    "ForAllValues:StringEquals": { "aws:TagKeys": [TAG.quarantine] },
    Null: { "aws:TagKeys": "false" },
  });
}

/**
 * Allows changing the fleet's alarms only to alarms that notify the topic, or that have no actions. The action of an alarm can
 * also terminate any instance or call a function. Source: CloudWatch user guide, "Using condition keys to limit alarm actions".
 */
export function putAlarmsStatement(scope: Scope, sid: string): Statement {
  const { topicArn } = scope;
  const actions = "cloudwatch:AlarmActions";
  return allow(
    sid,
    [alarmsArn(scope)],
    ["cloudwatch:PutMetricAlarm"],
    // ForAllValues holds for a request without actions, too. The ARN contains wildcards if region or account are unknown.
    topicArn === undefined
      ? { Null: { [actions]: "true" } }
      : { "ForAllValues:StringLike": { [actions]: [topicArn] } },
  );
}

/** The types of the other resources that RunInstances uses. Source: EC2, "Actions", RunInstances. */
const LAUNCH_RESOURCES = [
  "image",
  "key-pair",
  "launch-template",
  "network-interface",
  "security-group",
  "subnet",
  "volume",
];

/**
 * Allows launching instances only with the fleet's tag.
 *
 * @param requestTags further tags that the request must have
 * @param template the only launch template that may be used, without overriding its resources; any, and none, if absent
 */
export function launchStatements(
  scope: Scope,
  requestTags: Readonly<Record<string, string>>,
  template?: string,
): Statement[] {
  const { fleet, instanceRole } = scope;
  const tagged = { [`aws:RequestTag/${TAG.fleet}`]: fleet, ...requestTags };
  const fromTemplate: Condition = template === undefined ? {} : {
    ArnLike: { "ec2:LaunchTemplate": arn(scope, "ec2", `launch-template/${templateId(template)}`) },
    Bool: { "ec2:IsLaunchTemplateResource": "true" },
  };
  return [
    allow("Launch", [instancesArn(scope)], ["ec2:RunInstances"], { StringEquals: tagged, ...fromTemplate }),
    allow(
      "LaunchResources",
      LAUNCH_RESOURCES.map((type) => ec2Arn(scope, type)),
      ["ec2:RunInstances"],
      fromTemplate,
    ),
    allow("TagAtLaunch", [instancesArn(scope)], ["ec2:CreateTags"], {
      StringEquals: { ...tagged, "ec2:CreateAction": "RunInstances" },
    }),
    ...(instanceRole === undefined ? [] : [
      allow("PassRole", [roleArn(scope, instanceRole)], ["iam:PassRole"], {
        StringEquals: { "iam:PassedToService": ec2Principals(scope.region) },
      }),
    ]),
  ];
}

/** The template's id, or `*` for a name: the ARN of a launch template contains its id. */
function templateId(template: string): string {
  return /^lt-[0-9a-f]+/.exec(template)?.[0] ?? "*";
}

/** EC2's service principals. China and the isolated partitions have one with their own domain, too. */
function ec2Principals(region: string): string | readonly string[] {
  const standard = "ec2.amazonaws.com";
  const own = `ec2.${partitionOf(region).domain}`;
  return own === standard ? standard : [standard, own];
}
