/**
 * The observation of doctor: the answers of AWS, the autoscalers and the workers. Doctor sends each request once. A missing
 * answer is recorded, so that only the checks that need it are skipped.
 *
 * @module
 */
import type { AlarmDetail } from "../../aws/cloudwatch/alarms.ts";
import type { Balancer, BalancerRef, Health } from "../../aws/balancing/balancer.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { DryRun } from "../../aws/ec2/dry_run.ts";
import type { Ingress } from "../../aws/ec2/security_groups.ts";
import type { Attributes } from "../../aws/sns/attributes.ts";
import type { Subscription } from "../../aws/sns/topic.ts";
import type { CommandLine } from "../../cli/command_line.ts";
import type { Autoscaler } from "./autoscalers.ts";
import type { WorkerAnswer } from "./workers.ts";

/** An answer of AWS, or why there is none. */
export type Answer<T> = { readonly value: T } | { readonly failed: Failure };

/** Why there is no answer. */
export interface Failure {
  /** The action that AWS was asked for, as IAM names it: `ec2:DescribeInstances`. */
  readonly action: string;
  readonly error: unknown;
}

/** The operator's flags and settings for the fleet. */
export interface Plan {
  readonly fleet: string;
  readonly balancer: BalancerRef;
  /** The topic given with --topic-arn. Without it the fleet's topic has the fleet's name. */
  readonly topicArn: string | undefined;
  /** Where the autoscaler receives notifications. */
  readonly url?: string | undefined;
  /** Whether the autoscaler polls the alarms, without a topic (R2). */
  readonly pull: boolean;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** The launch template for new nodes. */
  readonly grow?: string | undefined;
  readonly shrink: "stop" | "terminate";
  /** Completes a remedy with the flags that name account and fleet: `setup` → `kas admin setup --fleet web`. */
  readonly kas: (...words: CommandLine) => CommandLine;
  /** Completes a remedy that uses the AWS CLI with the flags that name region, profile and endpoint. */
  readonly aws: (...words: CommandLine) => CommandLine;
}

/** The answers about the protection of nodes. */
export interface Protection {
  readonly asked: readonly string[];
  readonly protected: readonly string[];
}

/** The answers of AWS, the autoscalers and the workers. */
export interface Observation {
  readonly plan: Plan;
  /** How far AWS's clock is ahead of this machine's, in ms. Undefined if AWS did not answer. */
  readonly ahead: number | undefined;
  readonly instances: Answer<readonly Ec2Instance[]>;
  /** Whether the credentials allow each action, tested with DryRun. */
  readonly allowed: readonly { readonly action: DryRun["action"]; readonly allowed: Answer<boolean> }[];
  readonly balancer: Answer<Balancer | undefined>;
  /** How long the load balancer drains, s; 0 if draining is off. Undefined without a load balancer. */
  readonly draining: Answer<number | undefined>;
  readonly health: Answer<readonly Health[]>;
  readonly alarms: Answer<readonly AlarmDetail[]>;
  /** The topic and its subscriptions. Undefined if there is no topic. */
  readonly topic: Answer<
    { readonly arn: string; readonly subscriptions: readonly Subscription[] } | undefined
  >;
  /** The topic's attributes. Undefined if there is no topic. */
  readonly topicAttributes: Answer<Attributes | undefined>;
  /** The attributes of the confirmed HTTP subscriptions, by ARN. */
  readonly subscriptionAttributes: Answer<ReadonlyMap<string, Attributes>>;
  /** The nodes, or the first of many, that EC2 protects from the autoscaler's way of scaling in. */
  readonly protection: Answer<Protection>;
  /** The ingress rules of the instances' security groups, by group id. */
  readonly ingress: Answer<ReadonlyMap<string, readonly Ingress[]>>;
  /** The answers at --url and at each subscribed address. */
  readonly autoscalers: readonly Autoscaler[];
  /** The answers of the running workers, by instance id. */
  readonly workers: ReadonlyMap<string, WorkerAnswer>;
}

/** A check needs an answer that AWS did not give. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  constructor(readonly failure: Failure) {
    super(`unknown: ${failure.action} gave no answer`);
  }
}

/** The value of an answer. Throws {@linkcode NoAnswerError}. */
export function required<T>(answer: Answer<T>): T {
  if ("failed" in answer) throw new NoAnswerError(answer.failed);
  return answer.value;
}

/** The requests that AWS did not answer. */
export function failures(observation: Observation): Failure[] {
  const { instances, balancer, draining, health, alarms, topic, ingress } = observation;
  const { topicAttributes, subscriptionAttributes, protection } = observation;
  const answers = [instances, balancer, draining, health, alarms, topic, ingress];
  return [...answers, topicAttributes, subscriptionAttributes, protection]
    .flatMap((answer: Answer<unknown>) => "failed" in answer ? [answer.failed] : []);
}
