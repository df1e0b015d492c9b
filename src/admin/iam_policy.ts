/**
 * `kas admin iam-policy`: the least that the autoscaler and an operator need to be allowed, as IAM policies.
 *
 * Instances are told by the tag `kas:fleet`; what AWS lets nobody restrict stands on `*`. Which actions that is: AWS Service
 * Authorization Reference, "Actions, resources, and condition keys" of Amazon EC2, CloudWatch, Elastic Load Balancing and SNS.
 *
 * @module
 */
import { TAG } from "../aws/ec2_instance.ts";
import { type Command, command, type Group } from "../cli/command.ts";
import { SETTINGS } from "../settings.ts";

/** A statement of an identity policy. Source: IAM, "JSON policy elements". */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

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
  readonly loadBalancer: string;
  readonly topicArn: string;
}

/** An instance of the fleet. */
const OWN = (fleet: string) => ({ StringEquals: { [`aws:ResourceTag/${TAG.fleet}`]: fleet } });

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
  const { fleet, topicArn } = scope;
  const { StringEquals } = OWN(fleet);
  return policy([
    allow("See", ["*"], [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ec2:DescribeInstances",
      "elasticloadbalancing:DescribeInstanceHealth",
    ]),
    allow("Start", [instances(scope)], ["ec2:StartInstances"], OWN(fleet)),
    // I1 by AWS's own hand: who is always on is not the autoscaler's to stop.
    allow("Stop", [instances(scope)], ["ec2:StopInstances"], {
      StringEquals,
      StringNotEquals: { [`aws:ResourceTag/${TAG.role}`]: ["base", "control"] },
    }),
    allow("Quarantine", [instances(scope)], ["ec2:CreateTags"], {
      StringEquals,
      "ForAllValues:StringEquals": { "aws:TagKeys": [TAG.quarantine] },
    }),
    allow("Balance", [balancer(scope)], [
      "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
      "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
    ]),
    allow("Confirm", [topicArn], ["sns:ConfirmSubscription"]),
  ]);
}

/** What `kas admin` does. */
export function adminPolicy(scope: Scope): Policy {
  const { fleet, topicArn } = scope;
  const { StringEquals } = OWN(fleet);
  const launch = { StringEquals: { [`aws:RequestTag/${TAG.fleet}`]: fleet } };
  return policy([
    allow("See", ["*"], [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ec2:DescribeInstances",
      "elasticloadbalancing:DescribeInstanceHealth",
      "elasticloadbalancing:DescribeLoadBalancers",
      "sns:ListTopics",
    ]),
    allow("Launch", [instances(scope)], ["ec2:RunInstances"], launch),
    allow("LaunchWith", LAUNCHED_WITH.map((type) => ec2(scope, type)), ["ec2:RunInstances"]),
    allow("TagAtLaunch", [instances(scope)], ["ec2:CreateTags"], {
      StringEquals: { ...launch.StringEquals, "ec2:CreateAction": "RunInstances" },
    }),
    allow("Instances", [instances(scope)], [
      "ec2:StartInstances",
      "ec2:StopInstances",
      "ec2:TerminateInstances",
    ], OWN(fleet)),
    allow("Quarantine", [instances(scope)], ["ec2:CreateTags", "ec2:DeleteTags"], {
      StringEquals,
      "ForAllValues:StringEquals": { "aws:TagKeys": [TAG.quarantine] },
    }),
    allow("Balance", [balancer(scope)], [
      "elasticloadbalancing:ConfigureHealthCheck",
      "elasticloadbalancing:CreateLoadBalancer",
      "elasticloadbalancing:DeleteLoadBalancer",
      "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
      "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
    ]),
    allow("Alarms", [arn(scope, "cloudwatch", `alarm:${fleet}:*`)], [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:SetAlarmState",
    ]),
    allow("Topic", [topicArn], [
      "sns:CreateTopic",
      "sns:DeleteTopic",
      "sns:ListSubscriptionsByTopic",
      "sns:SetSubscriptionAttributes",
      "sns:SetTopicAttributes",
      "sns:Subscribe",
      "sns:Unsubscribe",
    ]),
  ]);
}

function policy(Statement: readonly Statement[]): Policy {
  return { Version: "2012-10-17", Statement };
}

function allow(
  Sid: string,
  Resource: readonly string[],
  Action: readonly string[],
  Condition?: Statement["Condition"],
): Statement {
  return { Sid, Effect: "Allow", Action, Resource, ...(Condition === undefined ? {} : { Condition }) };
}

function instances(scope: Scope): string {
  return ec2(scope, "instance");
}

/** EC2's resources of a type. Images may be anybody's: their ARNs have no account. */
function ec2(scope: Scope, type: string): string {
  return arn({ ...scope, account: type === "image" ? "" : scope.account }, "ec2", `${type}/*`);
}

function balancer(scope: Scope): string {
  return arn(scope, "elasticloadbalancing", `loadbalancer/${scope.loadBalancer}`);
}

/** Source: IAM, "Amazon Resource Names", partitions. */
function arn(
  { region, account }: Pick<Scope, "region" | "account">,
  service: string,
  resource: string,
): string {
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return `arn:${partition}:${service}:${region}:${account}:${resource}`;
}

function accountId(value: string): string {
  if (/^(\d{12}|\*)$/.test(value)) return value;
  throw new TypeError("an account id of 12 digits");
}

function printing(name: "autoscaler" | "admin", whose: string, made: (scope: Scope) => Policy): Command {
  return command({
    name,
    summary: `Print the least IAM policy for ${whose}`,
    description:
      "JSON, to be attached to a role or user. It tells the fleet's instances by their tag kas:fleet.",
    options: {
      account: { placeholder: "ID", help: "the account's id; * for any", default: "*", parse: accountId },
      fleet: SETTINGS.fleet,
      loadBalancer: SETTINGS.loadBalancer,
      topicArn: SETTINGS.topicArn,
      region: SETTINGS.region,
    },
    examples: [`admin iam-policy ${name} --region eu-west-1 --account 123456789012 > ${name}.json`],
    run: ({ flags: { account, fleet, loadBalancer = fleet, region = "*", topicArn }, out }) => {
      const topic = topicArn ?? arn({ region, account }, "sns", fleet);
      out.line(JSON.stringify(made({ account, fleet, loadBalancer, region, topicArn: topic }), null, 2));
      return Promise.resolve();
    },
  });
}

/** `kas admin iam-policy`. */
export const iamPolicy: Group = {
  name: "iam-policy",
  summary: "The least IAM policy for the autoscaler or an operator",
  commands: [
    printing("autoscaler", "kas autoscaler", autoscalerPolicy),
    printing("admin", "kas admin", adminPolicy),
  ],
};
