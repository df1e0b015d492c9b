/**
 * Sets up a fleet: topic, load balancer, monitoring, alarms and subscription, in this order.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { fleetInstances } from "../../aws/ec2/instances.ts";
import { vpcOf } from "../balancers/placement.ts";
import { setUpAlarms } from "./alarm_steps.ts";
import { setUpBalancer } from "./balancer_step.ts";
import { setUpMonitoring } from "./monitoring_step.ts";
import { ensurer, type SetupPlan, type SetupStep } from "./steps.ts";
import { setUpSubscription, setUpTopic } from "./topic_steps.ts";

/**
 * Creates the resources that do not exist. The caller can repeat an interrupted setup.
 *
 * @returns the topic's ARN, or undefined if the plan has no topic or a dry run would create the topic
 * @throws {ExitError} with status 4 if the topic or target group of a flag does not exist, or if the fleet has no instances; with
 * status 1 if the instances are in several VPCs, or if the autoscaler does not confirm the subscription in time
 */
export async function setUp(
  aws: Aws,
  plan: SetupPlan,
  onStep: (step: SetupStep) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<string | undefined> {
  const ensure = ensurer(plan, onStep, signal);
  const { fleet, keyName } = plan;
  const instances = await Array.fromAsync(fleetInstances(aws, { fleet, keyName }, signal));
  // A fleet over several VPCs is refused before anything is created.
  vpcOf(instances, fleet);
  const topic = plan.pull ? undefined : await setUpTopic(aws, plan, ensure);
  const balancer = await setUpBalancer(aws, plan, instances, ensure, signal);
  await setUpMonitoring(aws, plan, instances, ensure, signal);
  const ids = instances.map(({ id }) => id);
  // In a dry run the topic may not exist yet. The report of a new alarm does not contain the topic, so the ARN can be empty.
  const topicArn = plan.pull ? undefined : topic ?? "";
  await setUpAlarms(aws, plan, { ids, topicArn, requests: balancer?.requests }, ensure, signal);
  if (plan.url !== undefined) await setUpSubscription(aws, plan, topic, plan.url, ensure, signal);
  return topic;
}
