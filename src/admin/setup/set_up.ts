/**
 * Sets up a fleet: topic, load balancer, monitoring, alarms and subscription, in this order.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { fleetInstances } from "../../aws/ec2/instances.ts";
import { vpcOf } from "../balancers/placement.ts";
import { setUpAlarms } from "./alarm_steps.ts";
import { prepareBalancer, setUpBalancer } from "./balancer_step.ts";
import { setUpMonitoring } from "./monitoring_step.ts";
import { fleetsText, insteadOf, suggestion } from "./fleets.ts";
import { ensurer, type SetupPlan, type SetupStep } from "./steps.ts";
import { setUpSubscription, setUpTopic } from "./topic_steps.ts";

/** What a setup leaves. In a dry run, a resource that does not exist yet is undefined. */
export interface SetUp {
  /** The topic's ARN. Undefined also if the plan has no topic. */
  readonly topic: string | undefined;
  readonly balancer: BalancerRef | undefined;
}

/**
 * Creates the resources that do not exist. The caller can repeat an interrupted setup.
 *
 * @throws {ExitError} with status 4 if the topic or target group of a flag does not exist, or if a Classic Load Balancer needs the
 * zones of instances and the fleet has none; with status 1 if the instances are in several VPCs, or if the autoscaler does not confirm
 * the subscription in time
 */
export async function setUp(
  aws: Aws,
  plan: SetupPlan,
  onStep: (step: SetupStep) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<SetUp> {
  const ensure = ensurer(plan, onStep, signal);
  const { fleet, keyName } = plan;
  const instances = await Array.fromAsync(fleetInstances(aws, { fleet, keyName }, signal));
  // A fleet over several VPCs, and a load balancer that setup cannot create, are refused before anything is created.
  vpcOf(instances, fleet);
  if (instances.length === 0) await noteNew(aws, plan, signal);
  const prepared = await prepareBalancer(aws, plan, instances, signal);
  const topic = plan.pull ? undefined : await setUpTopic(aws, plan, ensure);
  const balancer = await setUpBalancer(aws, plan, prepared, instances, ensure, signal);
  await setUpMonitoring(aws, plan, instances, ensure, signal);
  const ids = instances.map(({ id }) => id);
  // In a dry run the topic may not exist yet. The report of a new alarm does not contain the topic, so the ARN can be empty.
  const topicArn = plan.pull ? undefined : topic ?? "";
  await setUpAlarms(aws, plan, { ids, topicArn, requests: balancer.before?.requests }, ensure, signal);
  if (plan.url !== undefined) await setUpSubscription(aws, plan, topic, plan.url, ensure, signal);
  return { topic, balancer: balancer.ref };
}

/** Prints that the fleet is new. Otherwise nobody would notice that a mistyped name creates a fleet. */
async function noteNew(aws: Aws, { fleet, onNote }: SetupPlan, signal: AbortSignal): Promise<void> {
  const instead = await insteadOf(aws, fleet, signal);
  if (instead === undefined) return;
  onNote?.(`Fleet ${fleet} is new in ${instead.region}${suggestion(instead)} ${fleetsText(instead)}`);
}
