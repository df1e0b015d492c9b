/**
 * The instance of an activity as EC2 and the load balancer show it now.
 *
 * @module
 */
import { type Health, health } from "../../aws/balancing/balancer.ts";
import { type Ec2Instance, findInstance as describe } from "../../aws/ec2/instances.ts";
import type { Registration } from "../../scaling/model/instance.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";

/** The instance; undefined if EC2 does not show it. */
export async function findInstance(
  { environment: { aws, fleet }, id, signal }: ActivityContext,
): Promise<Ec2Instance | undefined> {
  return await describe(aws, id, signal, fleet.fleet);
}

/**
 * The instance.
 *
 * @throws {ActivityError} if EC2 does not show it
 */
export async function getInstance(context: ActivityContext): Promise<Ec2Instance> {
  const instance = await findInstance(context);
  if (instance === undefined) throw new ActivityError(`${context.id} does not exist`, false);
  return instance;
}

/** The instance; undefined if it was just launched and EC2, whose answers lag behind, does not show it yet. */
export async function getIfShown(context: ActivityContext): Promise<Ec2Instance | undefined> {
  return context.launched ? await findInstance(context) : await getInstance(context);
}

/** The instance's health at the load balancer; undefined if it is not registered. */
export async function healthOf(
  { environment: { aws, fleet }, id, signal }: ActivityContext,
): Promise<Health | undefined> {
  return (await health(aws, fleet.balancer, signal)).find((it) => it.id === id);
}

/** The instance's registration at the load balancer. */
export async function registrationOf(context: ActivityContext): Promise<Registration> {
  return (await healthOf(context))?.registration ?? "none";
}

/** What the load balancer says of an instance, for an error's message. */
export function describeHealth({ state, description }: Health): string {
  return `the load balancer says ${state}: ${description.replace(/\.$/, "")}`;
}
