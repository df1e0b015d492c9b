/**
 * The observation of doctor: the answers of AWS, the autoscalers and the services. Doctor sends each request once. If AWS does not
 * answer a request, the observation contains the error, and doctor skips only the checks that need this answer.
 *
 * @module
 */
import type { AlarmDetail } from "../../aws/cloudwatch/alarms.ts";
import type { Balancer, BalancerRef, Health } from "../../aws/balancing/balancer.ts";
import type { ChecksOf } from "../../aws/balancing/checks.ts";
import type { AddressKind } from "../../aws/ec2/ec2_instance.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { DryRun } from "../../aws/ec2/dry_run.ts";
import type { CreditMode } from "../../aws/ec2/instance_settings.ts";
import type { Ingress } from "../../aws/ec2/security_groups.ts";
import type { Attributes } from "../../aws/sns/attributes.ts";
import type { Subscription } from "../../aws/sns/topic.ts";
import type { CommandLine } from "../../cli/command_line.ts";
import type { ScrapeTarget } from "../../health/scrape.ts";
import type { HealthCheckSpec } from "../../health/spec.ts";
import type { MetricReading } from "../../scaling/model/load/view.ts";
import type { PolicySpec } from "../../scaling/model/load/policy.ts";
import type { MetricSpecs } from "../../settings/metrics/spec.ts";
import type { Schedules } from "../../settings/schedules/schedules.ts";
import type { Autoscaler } from "./autoscalers.ts";
import type { Scrapes } from "./scrapes.ts";
import type { ServiceAnswer } from "./services.ts";

/** An answer of AWS, or the reason why AWS did not answer. */
export type Answer<T> = { readonly value: T } | { readonly failed: Failure };

/** The reason why AWS did not answer. */
export interface Failure {
  /** The requested action, as IAM names it, such as `ec2:DescribeInstances`. */
  readonly action: string;
  readonly error: unknown;
}

/** The operator's flags and settings for the fleet. */
export interface Plan {
  readonly fleet: string;
  readonly balancer: BalancerRef;
  /** The health check of `--health-check`. Undefined: the load balancer's. */
  readonly healthCheck?: HealthCheckSpec | undefined;
  /** The address of `--address`. Undefined: the address that this machine reaches. */
  readonly address?: AddressKind | undefined;
  /** ARN of `--topic-arn`. Undefined: the fleet's topic has the fleet's name. */
  readonly topicArn: string | undefined;
  /** URL at which the autoscaler receives notifications. */
  readonly url?: string | undefined;
  /** Whether the autoscaler polls the alarms, without a topic (R2). */
  readonly pull: boolean;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly schedules?: Schedules | undefined;
  readonly policies?: readonly PolicySpec[] | undefined;
  /** The metrics that formulas can use. */
  readonly metrics?: MetricSpecs | undefined;
  /** Where the instances serve metrics. Undefined: kas does not scrape them. */
  readonly scrape?: ScrapeTarget | undefined;
  /** The launch template for new nodes. */
  readonly grow?: string | undefined;
  readonly shrink: "stop" | "terminate";
  /** Returns a `kas admin` command with the operator's flags for account and fleet: `setup` → `kas admin setup --fleet web`. */
  readonly kas: (...words: CommandLine) => CommandLine;
  /** Returns a command of the AWS CLI with the operator's flags for region, profile and endpoint. */
  readonly aws: (...words: CommandLine) => CommandLine;
}

/** Which nodes EC2 protects from being stopped or terminated. */
export interface Protection {
  /** Ids of the nodes for which doctor asked EC2. */
  readonly asked: readonly string[];
  /** Ids of the nodes that are protected. */
  readonly protected: readonly string[];
}

/** The answers of AWS, the autoscalers and the services. */
export interface Observation {
  readonly plan: Plan;
  /** AWS's time minus the time of this machine, in ms. Undefined if AWS did not answer. */
  readonly ahead: number | undefined;
  readonly instances: Answer<readonly Ec2Instance[]>;
  /** Whether the credentials allow each action, tested with DryRun. */
  readonly allowed: readonly { readonly action: DryRun["action"]; readonly allowed: Answer<boolean> }[];
  readonly balancer: Answer<Balancer | undefined>;
  /** Draining timeout of the load balancer, in seconds; 0 if draining is off. Undefined if there is no load balancer. */
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
  /** Whether EC2 protects nodes from being stopped, or with `shrink: "terminate"` from being terminated. */
  readonly protection: Answer<Protection>;
  /** Why EC2 considers running instances impaired, by instance id. */
  readonly statuses: Answer<ReadonlyMap<string, string>>;
  /** The credit mode of each instance of a T type, by id. */
  readonly credits: Answer<ReadonlyMap<string, CreditMode>>;
  /** The ingress rules of the instances' security groups, by group id. */
  readonly ingress: Answer<ReadonlyMap<string, readonly Ingress[]>>;
  /** The ids of the security groups that setup has created for the load balancer. */
  readonly madeGroups: Answer<ReadonlySet<string>>;
  /** The answers at --url and at each subscribed address. */
  readonly autoscalers: readonly Autoscaler[];
  /** The health checks of the load balancer. */
  readonly checks: Answer<ChecksOf>;
  /** The answers of the service to the health checks, by the ids of the running instances. */
  readonly services: ReadonlyMap<string, ServiceAnswer>;
  /** A scrape of each running instance from this machine, by its id. Empty without `--scrape`. */
  readonly scrapes: Scrapes;
  /** The values of the metrics, by name, and when doctor had read them, in ms since the epoch. */
  readonly metrics: { readonly at: number; readonly readings: Readonly<Record<string, MetricReading>> };
}

/** Error: a check needs an answer that AWS did not give. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  constructor(readonly failure: Failure) {
    super(`unknown: ${failure.action} gave no answer`);
  }
}

/** Returns the value of an answer. Throws a NoAnswerError if AWS did not answer. */
export function required<T>(answer: Answer<T>): T {
  if ("failed" in answer) throw new NoAnswerError(answer.failed);
  return answer.value;
}

/** Returns the failures of all requests that AWS did not answer. */
export function failures(observation: Observation): Failure[] {
  const { instances, balancer, draining, health, alarms, topic, ingress } = observation;
  const { topicAttributes, subscriptionAttributes, protection, statuses, credits, checks } = observation;
  const answers = [instances, balancer, draining, health, alarms, topic, ingress, observation.madeGroups];
  return [...answers, topicAttributes, subscriptionAttributes, protection, statuses, credits, checks]
    .flatMap((answer: Answer<unknown>) => "failed" in answer ? [answer.failed] : []);
}
