/**
 * IAM policies, the scope of a policy, and the ARNs in a policy.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import type { BalancerType } from "../../aws/balancing/v2/load_balancers.ts";
import type { MetricSpecs } from "../../settings/metrics/spec.ts";
import { partitionOf } from "../../sns/partitions.ts";

/** A statement of an identity policy. Source: IAM, "JSON policy elements". */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Condition;
}

/** The condition of a statement: by operator, the keys to compare and their values. */
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
  /** The type of the load balancer that `kas admin setup` creates with a target group. Undefined: setup creates none. */
  readonly makes?: BalancerType | undefined;
  /** ARN of the topic that the alarms notify. Undefined: the autoscaler polls the alarms, and there is no topic. */
  readonly topicArn: string | undefined;
  /** Id or name of the launch template for new nodes. Undefined: the autoscaler launches no instances. */
  readonly grow: string | undefined;
  /** What the autoscaler does with a node that it scales in. */
  readonly shrink: "stop" | "terminate";
  /** The metrics that formulas can use. Undefined: none. */
  readonly metrics?: MetricSpecs | undefined;
  /** Name of the IAM role of launched instances. Undefined: launched instances have no role. */
  readonly instanceRole: string | undefined;
}

/** Returns a policy with these statements. */
export function policyOf(Statement: readonly Statement[]): Policy {
  return { Version: "2012-10-17", Statement };
}

/** Returns a statement that allows actions on resources. */
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

/** Returns the ARN pattern of all instances. */
export function instancesArn(scope: Scope): string {
  return ec2Arn(scope, "instance");
}

/** Returns the ARN pattern of all EC2 resources of a type. The ARN of an image contains no account. */
export function ec2Arn(scope: Scope, type: string): string {
  return arn({ ...scope, account: type === "image" ? "" : scope.account }, "ec2", `${type}/*`);
}

/** Returns the ARN pattern of the fleet's alarms. */
export function alarmsArn(scope: Scope): string {
  return arn(scope, "cloudwatch", `alarm:${scope.fleet}:*`);
}

/** Returns the ARNs of the fleet's load balancer or target groups. */
export function balancerArns(scope: Scope): readonly string[] {
  const { balancer } = scope;
  switch (balancer.kind) {
    case "classic":
      return [arn(scope, "elasticloadbalancing", `loadbalancer/${balancer.name}`)];
    case "target-groups":
      return balancer.arns;
    case "none":
      return [];
  }
}

/** Returns the ARN of an IAM role, which contains no region. */
export function roleArn({ region, account }: Pick<Scope, "region" | "account">, role: string): string {
  return `arn:${partitionOf(region).name}:iam::${account}:role/${role}`;
}
