/**
 * The look at the fleet right before an instance is taken off the load balancer, and before it is stopped. What was decided may
 * be out of date by then: the call was throttled, the process was down, another instance went out of service.
 *
 * @module
 */
import { registrations } from "../../aws/balancing/balancer.ts";
import { fleetInstances, withRegistration } from "../../aws/ec2/instances.ts";
import { awaitAll } from "../../aws/await_all.ts";
import type { Instance } from "../../scaling/model/instance.ts";
import { checkMin } from "../../scaling/checks/bounds.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";

/**
 * The instance as it is, if it can still be spared: a node of the fleet without which at least min are in service (R3). What
 * else is on its way out counts as gone, so that of two that can't both be spared neither takes the other for one that stays.
 *
 * @throws {ActivityError} if it can't be spared
 */
export async function recheck(
  { environment: { aws, fleet, limits }, journal, id, signal }: ActivityContext,
): Promise<Instance> {
  // Before the look, which may show what ends in the meantime as it was.
  const inProgress = [...journal.inProgress(), ...journal.leaving()];
  const [ec2, standing] = await awaitAll([
    Array.fromAsync(fleetInstances(aws, fleet, signal)),
    registrations(aws, fleet.balancer, signal),
  ]);
  const instances = withRegistration(ec2, standing);
  const instance = instances.find((it) => it.id === id);
  if (instance === undefined) throw new ActivityError(`${id} is not in the fleet any more`, false);
  if (instance.role !== "node" || instance.autoScalingGroup !== undefined) {
    throw new ActivityError(`${id} is no node any more`, false);
  }
  const { passed, message } = checkMin(instance, { limits, instances, inProgress });
  if (!passed) {
    throw new ActivityError(`${id} can't be spared any more: ${message.replace(/\.$/, "")}`, false);
  }
  return instance;
}
