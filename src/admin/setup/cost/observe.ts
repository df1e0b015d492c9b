/**
 * Reads what a fleet consists of: its instances, alarms, volumes and subscriptions.
 *
 * @module
 */
import type { BalancerRef } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { fleetAlarms } from "../../../aws/cloudwatch/alarms.ts";
import { type Ec2Instance, fleetInstances, type FleetSelector } from "../../../aws/ec2/instances.ts";
import { attachedVolumes } from "../../../aws/ec2/volumes.ts";
import { isNotFound } from "../../../aws/errors.ts";
import { awaitAll } from "../../../aws/many/await_all.ts";
import { listSubscriptions } from "../../../aws/sns/topic.ts";
import type { ScrapePlan } from "./transfer.ts";
import type { FleetFacts } from "./usage.ts";

/** The fleet and the settings of its autoscaler. */
export interface FleetToObserve {
  readonly selector: FleetSelector;
  readonly balancer: BalancerRef;
  /** The interval between reconciles, in ms. */
  readonly resync: number;
  /** How late CloudWatch's metrics may arrive, in ms. */
  readonly metricDelay: number;
  readonly scrape: ScrapePlan;
}

/** Reads the facts about a fleet. The topics are those that its alarms notify. */
export async function observeFleet(
  aws: Aws,
  { selector, balancer, resync, metricDelay, scrape }: FleetToObserve,
  signal?: AbortSignal,
): Promise<FleetFacts> {
  const [instances, alarms] = await awaitAll([
    Array.fromAsync(fleetInstances(aws, selector, signal)),
    fleetAlarms(aws, selector.fleet, signal),
  ]);
  const topics = new Set(alarms.flatMap(({ alarmActions, okActions }) => [...alarmActions, ...okActions]))
    .values().filter((arn) => /^arn:[^:]*:sns:/.test(arn)).toArray();
  const [volumes, ...subscriptions] = await awaitAll([
    attachedVolumes(aws, instances.filter(hasVolumesToPay).map(({ id }) => id), signal),
    ...topics.map((arn) => countSubscriptions(aws, arn, signal)),
  ]);
  return {
    instances,
    alarms,
    volumes,
    subscriptions: subscriptions.reduce((sum, count) => sum + count, 0),
    balancers: balancer.kind === "target-groups" ? balancer.arns.length : balancer.kind === "none" ? 0 : 1,
    resync,
    metricDelay,
    scrape,
  };
}

/** Whether kas is the reason for which the instance's volumes cost money: a node stands by, or the instance runs the autoscaler. */
function hasVolumesToPay({ role, state }: Ec2Instance): boolean {
  return role === "control" || (role === "node" && (state === "stopped" || state === "stopping"));
}

/** Returns the number of confirmed HTTP and HTTPS subscriptions. 0 if the topic does not exist. */
async function countSubscriptions(aws: Aws, topic: string, signal: AbortSignal | undefined): Promise<number> {
  try {
    const all = await Array.fromAsync(listSubscriptions(aws, topic, signal));
    return all.filter(({ protocol, status }) => status === "confirmed" && /^https?$/.test(protocol)).length;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return 0;
  }
}
