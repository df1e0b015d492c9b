/**
 * Conditions and statements that the policies of the autoscaler and of the operator share. In them, the tag `kas:fleet` identifies
 * the fleet's instances.
 *
 * Source: AWS Service Authorization Reference, "Actions, resources, and condition keys" of Amazon EC2, CloudWatch, Elastic Load
 * Balancing and SNS. It lists the resources and condition keys of each action.
 *
 * @module
 */
import { TAG } from "../../aws/ec2/ec2_instance.ts";
import { queueName } from "../../settings/metrics/spec.ts";
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

/** Returns a condition that only instances of the fleet meet. */
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
 * Returns a statement that allows actions on some tags only, on the fleet's instances. Other tags could move an instance to a
 * different fleet or role.
 *
 * The condition Null requires that the request names a tag: DeleteTags without tags would delete all tags, and ForAllValues alone
 * accepts such a request.
 */
export function tagStatement(
  scope: Scope,
  sid: string,
  tags: readonly string[],
  actions: readonly string[],
): Statement {
  return allow(sid, [instancesArn(scope)], actions, {
    ...inFleet(scope.fleet),
    "ForAllValues:StringEquals": { "aws:TagKeys": [...tags] },
    Null: { "aws:TagKeys": "false" },
  });
}

/**
 * Returns a statement that allows creating and changing the fleet's alarms, if the alarm notifies only the topic or has no actions.
 * Without this condition, an alarm's action could terminate any instance or call a function. Source: CloudWatch User Guide, "Using
 * condition keys to limit alarm actions".
 */
export function putAlarmsStatement(scope: Scope, sid: string): Statement {
  const { topicArn } = scope;
  const actions = "cloudwatch:AlarmActions";
  return allow(
    sid,
    [alarmsArn(scope)],
    ["cloudwatch:PutMetricAlarm"],
    // ForAllValues also accepts a request without actions. The ARN contains wildcards if the region or the account is unknown.
    topicArn === undefined
      ? { Null: { [actions]: "true" } }
      : { "ForAllValues:StringLike": { [actions]: [topicArn] } },
  );
}

/** Returns a statement that allows reading the SQS queues of the metrics. Returns none if no metric has a queue. */
export function queueStatements(scope: Scope): Statement[] {
  const queues = Object.values(scope.metrics ?? {}).flatMap((it) => it.type === "sqs" ? [it.queue] : []);
  if (queues.length === 0) return [];
  const actions = [
    "sqs:GetQueueAttributes",
    // kas asks for the URL of a queue whose name it has.
    ...(queues.some((queue) => !queue.includes("/")) ? ["sqs:GetQueueUrl"] : []),
  ];
  return [allow("Queues", [...new Set(queues.map((queue) => queueArn(scope, queue)))], actions)];
}

/**
 * Returns the ARN of a queue. A queue's URL contains the region and the account: `https://sqs.eu-west-1.amazonaws.com/123456789012/orders`,
 * or with an older host `https://eu-west-1.queue.amazonaws.com/…`. Source: SQS developer guide, "Queue and message identifiers".
 */
function queueArn(scope: Scope, queue: string): string {
  const [, newer, older, account = scope.account] =
    /^https?:\/\/(?:sqs\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.)?[^/]*\/(\d{12})\//.exec(queue) ?? [];
  return arn({ region: newer ?? older ?? scope.region, account }, "sqs", queueName(queue));
}

/** The types of resources that RunInstances needs permission for, besides the instance. Source: EC2, "Actions", RunInstances. */
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
 * Returns statements that allow launching instances, if the request gives them the fleet's tag.
 *
 * @param requestTags more tags that the request must give
 * @param template the launch template that the request must use, without overriding the template's resources. Default: the request
 * may use any launch template, or none
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

/** Returns the id of a launch template, or `*` if only its name is known. The ARN of a launch template contains the id. */
function templateId(template: string): string {
  return /^lt-[0-9a-f]+/.exec(template)?.[0] ?? "*";
}

/**
 * Returns the service principals of EC2. In China and in isolated partitions, a second principal has the partition's own domain.
 */
function ec2Principals(region: string): string | readonly string[] {
  const standard = "ec2.amazonaws.com";
  const own = `ec2.${partitionOf(region).domain}`;
  return own === standard ? standard : [standard, own];
}
