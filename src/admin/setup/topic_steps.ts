/**
 * The steps of `kas admin setup` for the topic and the autoscaler's subscription.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Aws } from "../../aws/clients.ts";
import { createTopic, listTopics } from "../../aws/sns/topic.ts";
import { commandText } from "../../cli/command_line.ts";
import { ExitError } from "../../cli/command.ts";
import { seconds } from "../../cli/format.ts";
import { findTopic, topicName } from "../account.ts";
import { findSubscription, subscribeEndpoint } from "../topics/subscriptions.ts";
import type { Ensure, SetupPlan } from "./steps.ts";

/** Interval at which setup checks whether the subscription is confirmed, in ms. */
const POLL_INTERVAL = 500;

/** Creates the topic if it does not exist. Returns the topic's ARN, or undefined if a dry run would create the topic. */
export async function setUpTopic(aws: Aws, plan: SetupPlan, ensure: Ensure): Promise<string | undefined> {
  let topic = await existingTopic(aws, plan);
  const change = topic === undefined ? "create" : undefined;
  await ensure("topic", topicName(topic ?? plan.fleet), change, async () => {
    topic = await createTopic(aws, plan.fleet);
    if (plan.topicArn !== undefined && plan.topicArn !== topic) {
      throw new ExitError(
        `Created topic ${topic}, which is not the topic of --topic-arn ${plan.topicArn}: its region or account differs`,
      );
    }
  });
  return topic;
}

async function existingTopic(aws: Aws, { fleet, topicArn }: SetupPlan): Promise<string | undefined> {
  if (topicArn === undefined) return await findTopic(aws, { fleet, topicArn });
  for await (const arn of listTopics(aws)) if (arn === topicArn) return arn;
  if (topicName(topicArn) === fleet) return undefined;
  throw new ExitError(`There is no topic ${topicArn}`, 4, [
    "kas",
    "admin",
    "topics",
    "create",
    topicName(topicArn),
  ]);
}

/** Subscribes the autoscaler's URL to the topic, and waits until the autoscaler has confirmed the subscription. */
export async function setUpSubscription(
  aws: Aws,
  plan: SetupPlan,
  topic: string | undefined,
  url: string,
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  const confirmed = topic !== undefined && await isConfirmed(aws, topic, url);
  await ensure("subscription", url, confirmed ? undefined : "subscribe", async () => {
    await subscribeEndpoint(aws, topic ?? "", url);
    await waitForConfirmation(aws, topic ?? "", url, plan.confirmTimeout, signal);
  });
}

async function isConfirmed(aws: Aws, topic: string, endpoint: string): Promise<boolean> {
  return (await findSubscription(aws, topic, endpoint))?.status === "confirmed";
}

async function waitForConfirmation(
  aws: Aws,
  topic: string,
  endpoint: string,
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!await isConfirmed(aws, topic, endpoint)) {
    if (performance.now() >= deadline) {
      throw new ExitError(
        `The subscription of ${endpoint} was not confirmed within ${
          seconds(timeout)
        }: SNS cannot reach an autoscaler at this URL`,
        1,
        `${
          commandText(["curl", new URL("/ping", endpoint).href])
        } from another host, then kas admin setup again`,
      );
    }
    await delay(POLL_INTERVAL, undefined, { signal });
  }
}
