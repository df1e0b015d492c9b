/**
 * Looks up the current state of an activity's instance in EC2, and its registration.
 *
 * @module
 */
import type { Health } from "../../../aws/balancing/health.ts";
import { type Ec2Instance, findInstance as describe } from "../../../aws/ec2/instances.ts";
import type { Registration } from "../../../scaling/model/instance.ts";
import { type ActivityContext, ActivityError } from "../activity_context.ts";

/** Returns the instance, or undefined if EC2 does not show it. */
export async function findInstance(
  { environment: { aws, fleet }, id, signal }: ActivityContext,
): Promise<Ec2Instance | undefined> {
  return await describe(aws, id, signal, fleet.fleet);
}

/**
 * Returns the instance.
 *
 * @throws {ActivityError} if EC2 does not show the instance
 */
export async function getInstance(context: ActivityContext): Promise<Ec2Instance> {
  const instance = await findInstance(context);
  if (instance === undefined) throw new ActivityError(`${context.id} does not exist`);
  return instance;
}

/** Returns the instance, or undefined if the instance was just launched and EC2 does not show it yet. */
export async function getIfShown(context: ActivityContext): Promise<Ec2Instance | undefined> {
  return context.launched ? await findInstance(context) : await getInstance(context);
}

/** Returns the instance's health, or undefined if the instance is not registered. */
export async function healthOf(
  { environment: { registrar }, id, signal }: ActivityContext,
): Promise<Health | undefined> {
  return await registrar.healthOf(id, signal);
}

/** Returns the instance's registration. */
export async function registrationOf(context: ActivityContext): Promise<Registration> {
  return (await healthOf(context))?.registration ?? "none";
}
