/**
 * The recheck: an observation of the fleet right before an instance is deregistered, and again before it is stopped. The decision
 * may be out of date by then: AWS throttled a request, the autoscaler was down, or another instance went out of service.
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
 * Observes the instance and whether the fleet can do without it: it is a node, and at least min others are in service (R3).
 * Other instances that are leaving do not count as in service. Of two that cannot both leave, neither relies on the other.
 *
 * @throws {ActivityError} if the fleet needs the instance
 */
export async function recheck(
  { environment: { aws, fleet, tuning }, journal, id, signal }: ActivityContext,
): Promise<Instance> {
  // Read before AWS is asked: its answer may still show what an activity that ends meanwhile has changed.
  const inProgress = [...journal.inProgress(), ...journal.leaving()];
  const [ec2, registered] = await awaitAll([
    Array.fromAsync(fleetInstances(aws, fleet, signal)),
    registrations(aws, fleet.balancer, signal),
  ]);
  const instances = withRegistration(ec2, registered);
  const instance = instances.find((it) => it.id === id);
  if (instance === undefined) throw new ActivityError(`${id} is no longer in the fleet`, false);
  if (instance.role !== "node" || instance.autoScalingGroup !== undefined) {
    throw new ActivityError(`${id} is no longer a node`, false);
  }
  const { passed, message } = checkMin(instance, { limits: tuning().limits, instances, inProgress });
  if (!passed) throw new ActivityError(`${id} is needed: ${message.replace(/\.$/, "")}`, false);
  return instance;
}
