/**
 * What doctor's checks look at: the fleet's wiring, gathered once. A fact that can't be had is a value too, so that what rests on
 * it is not known, and the rest is.
 *
 * @module
 */
import type { AlarmDetail } from "../../aws/cloudwatch/alarms.ts";
import type { Balancer, BalancerRef, Health } from "../../aws/balancing/balancer.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { DryRun } from "../../aws/ec2/dry_run.ts";
import type { Ingress } from "../../aws/ec2/security_groups.ts";
import type { Subscription } from "../../aws/sns/topic.ts";
import type { Autoscaler } from "./autoscalers.ts";

/** Something that was asked for, or why there is no answer. */
export type Fact<T> = { readonly value: T } | { readonly failed: Failure };

/** Why a fact is not to be had. */
export interface Failure {
  /** What was asked of AWS, as IAM names it: `ec2:DescribeInstances`. */
  readonly needs: string;
  readonly error: unknown;
}

/** What the one who asks says about the fleet. */
export interface Plan {
  readonly fleet: string;
  readonly balancer: BalancerRef;
  /** The topic that was named, as opposed to the one of the fleet's name. */
  readonly topicArn: string | undefined;
  /** Where the autoscaler takes notifications. */
  readonly url?: string | undefined;
  /** Alarms are only read: no topic (R2). */
  readonly pull: boolean;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** The launch template that nodes are launched from when none is left to start. */
  readonly grow?: string | undefined;
  readonly shrink: "stop" | "terminate";
  /** A command of kas's or AWS's that mends something, with the flags that say where and as whom: `setup` → `kas admin setup --fleet web`. */
  readonly kas: (words: string) => string;
  readonly aws: (words: string) => string;
}

/** A worker's answer: its version, absent where it tells none; `no-answer` says why there is none. */
export type WorkerAnswer = { readonly version?: string } | { readonly noAnswer: string };

/** All of it. */
export interface Facts {
  readonly plan: Plan;
  /** How far AWS's clock is ahead of this machine's, ms; undefined without an answer of AWS's. */
  readonly ahead: number | undefined;
  readonly instances: Fact<readonly Ec2Instance[]>;
  /** Whether the credentials allow to do what is asked by DryRun. */
  readonly allowed: readonly { readonly action: DryRun["action"]; readonly allowed: Fact<boolean> }[];
  readonly balancer: Fact<Balancer | undefined>;
  /** Of the balancer, s, 0 if it is off; undefined without a balancer. */
  readonly draining: Fact<number | undefined>;
  readonly health: Fact<readonly Health[]>;
  readonly alarms: Fact<readonly AlarmDetail[]>;
  /** The topic's ARN, and who is subscribed; undefined if it is not there. */
  readonly topic: Fact<{ readonly arn: string; readonly subscriptions: readonly Subscription[] } | undefined>;
  /** What the instances' security groups let in, by their ids. */
  readonly ingress: Fact<ReadonlyMap<string, readonly Ingress[]>>;
  /** Whoever answered, or did not, at --url and at the subscriptions' addresses. */
  readonly autoscalers: readonly Autoscaler[];
  /** By instance, of those that run. */
  readonly workers: ReadonlyMap<string, WorkerAnswer>;
}

/** A check needs a fact that could not be had. */
export class UnknownFactError extends Error {
  override readonly name = "UnknownFactError";
  constructor(readonly failure: Failure) {
    super(`not known: ${failure.needs} gave no answer`);
  }
}

/** A fact's value. Throws {@linkcode UnknownFactError}. */
export function known<T>(fact: Fact<T>): T {
  if ("failed" in fact) throw new UnknownFactError(fact.failed);
  return fact.value;
}

/** The facts that AWS was asked for and did not tell. */
export function failures(facts: Facts): Failure[] {
  const { instances, balancer, draining, health, alarms, topic, ingress } = facts;
  return [instances, balancer, draining, health, alarms, topic, ingress]
    .flatMap((fact: Fact<unknown>) => "failed" in fact ? [fact.failed] : []);
}
