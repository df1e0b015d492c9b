/**
 * The recheck: kas observes the fleet again right before it deregisters an instance, and again before it stops the instance.
 * The decision may be out of date by then, for example because AWS throttled a request, the autoscaler was down, or another
 * instance went out of service.
 *
 * @module
 */
import { registrationsIn } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { sharedFleet, withRegistration } from "../../../aws/ec2/instances.ts";
import { statusChecks } from "../../../aws/ec2/status_checks.ts";
import { isDenied } from "../../../aws/errors.ts";
import { awaitAll } from "../../../aws/many/await_all.ts";
import type { Instance } from "../../../scaling/model/instance.ts";
import { checkMin } from "../../../scaling/checks/bounds.ts";
import { windowsAt } from "../../control/schedule_windows.ts";
import { type ActivityContext, ActivityError, PostponedError } from "../activity_context.ts";

/**
 * Checks that the fleet can do without an instance: the instance is a node without the tags `kas:protected` and `kas:detached`, and at
 * least min other instances are in service (R3). The minimum does not matter for an instance that is still unhealthy, or that never came into
 * service because kas cancelled its start. Other leaving instances do not count as in service, so that two scale-ins never rely on each other's instance.
 *
 * @throws {ActivityError} if the fleet needs the instance
 * @throws {PostponedError} if the fleet needs the instance only because of scale-ins that began later. They give way: their own
 *   rechecks count this instance as leaving
 */
export async function recheck(
  { environment, journal, activity, id, unhealthy, signal }: ActivityContext,
): Promise<Instance> {
  const { aws, fleet, registrar, tuning, runtime: { clock } } = environment;
  // Read the leaving instances before the requests to AWS. If an activity ends during the requests, AWS's answers may show the
  // state from before its end.
  const [leaving, before] = [journal.leaving(), journal.leaving(activity)];
  const listing = sharedFleet(aws, fleet, signal);
  const [ec2, healths] = await awaitAll([listing, registrar.healths(() => listing, signal)]);
  const instances = withRegistration(ec2, registrationsIn(healths));
  const instance = instances.find((it) => it.id === id);
  if (instance === undefined) throw new ActivityError(`${id} is no longer in the fleet`);
  if (instance.role !== "node" || instance.autoScalingGroup !== undefined) {
    throw new ActivityError(`${id} is no longer a node`);
  }
  if (instance.detached) throw new ActivityError(`${id} is detached for maintenance`);
  if (instance.protected) throw new ActivityError(`${id} is protected`);
  // The stop of an unhealthy instance does not reduce the capacity, unless the instance has recovered since.
  if (unhealthy && (instance.registration !== "in-service" || await isImpaired(aws, id, signal))) {
    return instance;
  }
  // kas cancelled the start of the instance before it registered the instance, so the instance serves nobody.
  const start = journal.cancelledStart(id);
  if (instance.registration === "none" && start !== undefined && start.registered === undefined) {
    return instance;
  }
  const now = clock.now();
  const windows = windowsAt(now, { tuning, journal });
  const without = (inProgress: typeof leaving) =>
    checkMin(instance, { now, limits: tuning().limits, ...windows, instances, inProgress });
  const { passed, message } = without(leaving);
  if (passed) return instance;
  const reason = `${id} is needed: ${message.replace(/\.$/, "")}`;
  throw without(before).passed ? new PostponedError(reason) : new ActivityError(reason);
}

/** Whether EC2 reports a problem of an instance. False without the permission to read the status checks. */
async function isImpaired(aws: Aws, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await statusChecks(aws, [id], signal)).size > 0;
  } catch (error) {
    if (!isDenied(error)) throw error;
    return false;
  }
}
