/**
 * Ends the draining of an instance that the fleet needs again, in a fleet without a load balancer: the service on the instance takes work
 * again, or kas stops the instance and starts it again.
 *
 * @module
 */
import { startInstance, stopInstance } from "../../aws/ec2/state_changes.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { isIncorrectState } from "../../aws/errors.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";
import { notingRefusal } from "./faults/refusal.ts";
import { getInstance, healthOf } from "./observe/instance_lookup.ts";
import { runStep } from "./step.ts";

/** How long kas asks a service that does not answer to take work again, in ms. */
const PATIENCE = 15_000;

/** Ends the draining of an instance that runs. Returns false if the service on the instance does not take work again. */
export async function endDraining(context: ActivityContext, instance: Ec2Instance): Promise<boolean> {
  const { environment: { registrar }, id, log } = context;
  if (!registrar.isDraining(instance)) return true;
  let last: string | undefined;
  try {
    return await runStep(context, {
      name: "drain-ended",
      failure: `${id} did not answer`,
      timeout: PATIENCE,
      lastSeen: () => last,
      attempt: async () => {
        const { outcome, description } = await registrar.endDraining(instance);
        last = description;
        if (outcome === "refused") throw new ActivityError(`${id} takes no more work: ${description}`);
        return outcome === "serves" ? true : undefined;
      },
    });
  } catch (error) {
    if (!(error instanceof ActivityError)) throw error;
    log.info("a service does not take work again, so that its instance must start again", {
      instance: id,
      reason: error.message,
    });
    return false;
  }
}

/** Whether kas may stop an instance so that it starts again: it is still a node, and no operator protects or has detached it. */
export function mayRestart(
  { role, autoScalingGroup, protected: isProtected, detached }: Ec2Instance,
): boolean {
  return role === "node" && autoScalingGroup === undefined && !isProtected && !detached;
}

/**
 * Stops an instance whose service takes no more work, so that kas can start it again. Waits for the end of its work before.
 *
 * @throws {ActivityError} if kas must not stop the instance
 */
export async function stopDraining(context: ActivityContext): Promise<void> {
  const { environment: { aws, tuning, runtime: { clock } }, id } = context;
  const timeout = tuning().drainTimeout;
  const deadline = clock.elapsed() + timeout;
  await runStep(context, {
    name: "drained",
    failure: `${id} did not drain`,
    timeout: Infinity,
    attempt: async () => await healthOf(context) === undefined || clock.elapsed() >= deadline || undefined,
  });
  await runStep(context, {
    name: "stopping",
    failure: `${id} could not be stopped`,
    timeout,
    attempt: async () => {
      if (!mayRestart(await getInstance(context))) {
        throw new ActivityError(`${id} takes no more work, and kas must not stop it`);
      }
      return await notingRefusal(context, "stop", () => stopInstance(aws, id));
    },
  });
}

/**
 * Starts an instance that kas has stopped because its service takes no more work. Returns whether the instance will run, or undefined if
 * EC2 is still stopping or starting it.
 */
export async function startAgain(
  context: ActivityContext,
  instance: Ec2Instance,
): Promise<boolean | undefined> {
  const { environment: { aws, registrar }, id } = context;
  const { state, zone, type, byOperator } = instance;
  if (state === "pending") return registrar.isServiceDraining;
  if (!registrar.isDraining(instance) || byOperator !== undefined) return false;
  if (state === "stopping") return undefined;
  if (state !== "stopped") return false;
  try {
    await startInstance(aws, id, `${zone} ${type}`);
  } catch (error) {
    // EC2 refuses to start an instance that is still stopping, even if its reads already show `stopped`.
    if (!isIncorrectState(error)) throw error;
  }
  return undefined;
}
