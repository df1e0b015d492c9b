/**
 * IAM policies, their scope, and the ARNs in them.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import { partitionOf } from "../../sns/partitions.ts";

/** A statement of an identity policy. Source: IAM, "JSON policy elements". */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Condition;
}

/** The keys and values to compare, by operator. */
export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** An identity policy. */
export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** The scope of a policy: account, region, fleet and resources. */
export interface Scope {
  /** The region, or `*` for any region. */
  readonly region: string;
  /** The account id, or `*` for any account. */
  readonly account: string;
  readonly fleet: string;
  readonly balancer: BalancerRef;
  /** Absent: the autoscaler polls the alarms, and no topic is used. */
  readonly topicArn: string | undefined;
  /** The id or name of the launch template of new nodes. Absent: the autoscaler launches no instances. */
  readonly grow: string | undefined;
  /** What the autoscaler does with a node that it scales in. */
  readonly shrink: "stop" | "terminate";
  /** The name of the IAM role of launched instances. */
  readonly instanceRole: string | undefined;
}

/** Returns a policy with these statements. */
export function policyOf(Statement: readonly Statement[]): Policy {
  return { Version: "2012-10-17", Statement };
}

/** A statement that allows actions on resources. */
export function allow(
  Sid: string,
  Resource: readonly string[],
  Action: readonly string[],
  condition: Condition = {},
): Statement {
  const Condition = Object.keys(condition).length === 0 ? {} : { Condition: condition };
  return { Sid, Effect: "Allow", Action: Action.toSorted(), Resource, ...Condition };
}

/** Returns an ARN. Source: IAM user guide, "Amazon Resource Names". */
export function arn(
  { region, account }: Pick<Scope, "region" | "account">,
  service: string,
  resource: string,
): string {
  return `arn:${partitionOf(region).name}:${service}:${region}:${account}:${resource}`;
}

/** The ARN pattern of all instances. */
export function instancesArn(scope: Scope): string {
  return ec2Arn(scope, "instance");
}

/** The ARN pattern of all EC2 resources of a type. The ARN of an image has no account. */
export function ec2Arn(scope: Scope, type: string): string {
  return arn({ ...scope, account: type === "image" ? "" : scope.account }, "ec2", `${type}/*`);
}

/** The ARN pattern of the fleet's alarms. */
export function alarmsArn(scope: Scope): string {
  return arn(scope, "cloudwatch", `alarm:${scope.fleet}:*`);
}

/** The ARN of the fleet's load balancer or target group. */
export function balancerArn(scope: Scope): string {
  return scope.balancer.kind === "classic"
    ? arn(scope, "elasticloadbalancing", `loadbalancer/${scope.balancer.name}`)
    : scope.balancer.arn;
}

/** A role's ARN, which has no region. */
export function roleArn({ region, account }: Pick<Scope, "region" | "account">, role: string): string {
  return `arn:${partitionOf(region).name}:iam::${account}:role/${role}`;
}
