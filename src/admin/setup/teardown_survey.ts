/**
 * Finds the resources that `kas admin teardown` deletes, and the resources that it keeps.
 *
 * @module
 */
import { fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import {
  type Balancer,
  type BalancerRef,
  balancerRef,
  findBalancer,
  titleOf,
} from "../../aws/balancing/balancer.ts";
import { isBalancerOfSetup } from "../../aws/balancing/classic_setup.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Ec2Instance, findInstances, fleetInstances } from "../../aws/ec2/instances.ts";
import { type Admission, admissionsOf, type BalancerGroup } from "../../aws/ec2/network/balancer_groups.ts";
import { listSubscriptions, listTopics, type Subscription } from "../../aws/sns/topic.ts";
import { commandText } from "../../cli/command_line.ts";
import { exists } from "../../scaling/model/instance.ts";
import { topicName } from "../account.ts";
import { findMade, type Made } from "./balancer/made.ts";

/** The options of a teardown. */
export interface TeardownPlan {
  readonly fleet: string;
  readonly keyName: string | undefined;
  /** Ignored if setup has created an Application or Network Load Balancer for the fleet: teardown finds it by its tags. */
  readonly balancer: BalancerRef;
  /** ARN of the topic that the alarms notify. Undefined: the topic with the fleet's name. */
  readonly topicArn: string | undefined;
  /** URL of the autoscaler. If the topic does not have the fleet's name, teardown deletes only the subscription of this URL. */
  readonly url: string | undefined;
  /** Whether teardown terminates all instances, including base and control instances. */
  readonly instances: boolean;
}

/** The existing resources of a fleet. */
export interface Survey {
  readonly alarms: readonly string[];
  readonly topic: string | undefined;
  /** The confirmed subscriptions to delete. SNS deletes a pending subscription with its topic, or within three days. */
  readonly subscriptions: readonly Subscription[];
  /** The load balancer or target group with which the instances are registered. */
  readonly ref: BalancerRef;
  readonly balancer: Balancer | undefined;
  /** Whether {@linkcode balancer} is a Classic Load Balancer that setup has created for the fleet. */
  readonly isClassicOfSetup: boolean;
  /** The Application or Network Load Balancer of setup, with its target group and security groups. */
  readonly made: Made;
  /** The rules that admit each security group of {@linkcode made} to instances. */
  readonly admissions: ReadonlyMap<BalancerGroup, readonly Admission[]>;
  /** Ids of instances that are registered with the load balancer but are not in the fleet. */
  readonly foreignInstances: readonly string[];
  readonly instances: readonly Ec2Instance[];
}

/** Finds the existing resources of a fleet. */
export async function survey(aws: Aws, plan: TeardownPlan, signal: AbortSignal): Promise<Survey> {
  const { fleet, keyName, url } = plan;
  const instances = await Array.fromAsync(fleetInstances(aws, { fleet, keyName }, signal));
  const alarms = (await fleetAlarms(aws, fleet, signal)).map(({ name }) => name);
  const topic = await existingTopic(aws, plan, signal);
  const all = topic === undefined ? [] : await Array.fromAsync(listSubscriptions(aws, topic, signal));
  const subscriptions = all.filter(({ status, endpoint }) =>
    status === "confirmed" && (isOwnTopic(topic, plan) || endpoint === url)
  );
  const made = await findMade(aws, fleet, signal);
  const admissions = new Map<BalancerGroup, readonly Admission[]>();
  for (const group of made.securityGroups) admissions.set(group, await admissionsOf(aws, group.id, signal));
  const ref = made.targetGroup === undefined
    ? plan.balancer
    : balancerRef({ fleet, targetGroup: [made.targetGroup.arn] });
  const balancer = await findBalancer(aws, ref, signal);
  const isClassicOfSetup = balancer !== undefined && ref.kind === "classic" &&
    await isBalancerOfSetup(aws, balancer.name, fleet, signal);
  const own = new Set(instances.map(({ id }) => id));
  const foreign = balancer?.instances.filter((id) => !own.has(id)) ?? [];
  // ELB lists a terminated instance for some time. It does not count.
  const foreignInstances = (await Array.fromAsync(findInstances(aws, foreign, signal))).filter(exists)
    .map(({ id }) => id);
  return {
    alarms,
    topic,
    subscriptions,
    ref,
    balancer,
    isClassicOfSetup,
    made,
    admissions,
    foreignInstances,
    instances,
  };
}

async function existingTopic(
  aws: Aws,
  { fleet, topicArn }: TeardownPlan,
  signal: AbortSignal,
): Promise<string | undefined> {
  let topic: string | undefined;
  for await (const arn of listTopics(aws, signal)) {
    if (topicArn === undefined ? topicName(arn) === fleet : arn === topicArn) topic = arn;
  }
  return topic;
}

/**
 * Returns whether the topic has the fleet's name, so that setup created it. Other systems may use a topic with a different name.
 */
export function isOwnTopic(topic: string | undefined, { fleet }: TeardownPlan): topic is string {
  return topic !== undefined && topicName(topic) === fleet;
}

/** Returns a sentence for each resource that teardown keeps, with the reason. */
export function keptResources(plan: TeardownPlan, found: Survey): string[] {
  const { topic, balancer, foreignInstances } = found;
  const kept: string[] = [];
  if (topic !== undefined && !isOwnTopic(topic, plan)) {
    kept.push(
      `Topic ${topicName(topic)} is kept: it does not have the fleet's name, so other systems may use it`,
    );
  }
  const isMade = found.made.targetGroup !== undefined;
  if (balancer !== undefined && found.ref.kind === "target-groups" && !isMade) {
    kept.push(`Target group ${balancer.name} is kept: kas admin setup did not create it`);
  } else if (balancer !== undefined && foreignInstances.length > 0) {
    kept.push(
      `Load balancer ${balancer.name} is kept: other instances are registered with it: ${
        foreignInstances.join(", ")
      }`,
    );
  } else if (balancer !== undefined && found.ref.kind === "classic" && !found.isClassicOfSetup) {
    const remedy = commandText(["aws", "elb", "delete-load-balancer", "--load-balancer-name", balancer.name]);
    kept.push(
      `Load balancer ${balancer.name} is kept: it does not have the tags of setup. To delete it: ${remedy}`,
    );
  }
  for (const title of found.made.foreign.filter((title) => title !== titleOf(found.ref))) {
    kept.push(`The ${title} is kept: it does not have the tags of kas admin setup`);
  }
  for (const [{ name }, rules] of found.admissions) {
    for (const { group, from } of rules.filter(({ ofSetup }) => !ofSetup)) {
      kept.push(
        `Security group ${name} is kept: the rule of ${group} that admits it on port ${from} is not one of setup`,
      );
    }
  }
  const owned = plan.instances ? found.instances : [];
  for (const { id, autoScalingGroup } of owned) {
    if (autoScalingGroup !== undefined) {
      kept.push(`${id} is kept: it belongs to Auto Scaling group ${autoScalingGroup}`);
    }
  }
  return kept;
}
