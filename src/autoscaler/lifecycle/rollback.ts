/**
 * Setting right what went wrong on the way in or out. Nothing ends it but success: an instance is never left running but
 * unregistered, however long AWS is away (R13).
 *
 * @module
 */
import { deregister, register } from "../../aws/balancing/balancer.ts";
import { isIncorrectState, isNotFound, isNotRegistrable } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import { quarantine } from "../../aws/ec2/quarantine.ts";
import { stopInstance } from "../../aws/ec2/state_changes.ts";
import { type ActivityContext, isPassing, persist, registration, seek } from "./activity_context.ts";
import type { Cause } from "../store/steps.ts";
import { recheck } from "./recheck.ts";

/** Undoes a way in that failed: out of the load balancer, stopped, and if it is to blame kept out of scaling (R7, R9). */
export async function rollBack(errand: ActivityContext, cause: Cause): Promise<void> {
  const { environment: { aws }, id, launched } = errand;
  let marked = !cause.blame;
  await persist(errand, "rolled-back", cause, async () => {
    const now = await seek(errand);
    // What EC2 does not show may have been launched all the same: calls that name it tell.
    if (now === undefined ? !launched : now.state === "terminated") return true;
    // It has become someone else's to stop.
    if (now !== undefined && (now.role !== "node" || now.autoScalingGroup !== undefined)) return true;
    if (!marked) await mark(errand, cause.reason);
    marked = true;
    if (!await offBalancer(errand)) return undefined;
    if (now?.state === "shutting-down") return true;
    try {
      // Also where it seems stopped: a start whose answer was lost may show late.
      await stopInstance(aws, id);
    } catch (error) {
      if (launched && isNotFound(error)) return true;
      // One that never ran can't be stopped before it does.
      if (!isIncorrectState(error)) throw error;
      return undefined;
    }
    return true;
  });
}

/**
 * Registers again an instance that was on its way out and stays, if it still runs.
 *
 * @returns whether it was registered
 */
export async function putBack(errand: ActivityContext, cause: Cause): Promise<boolean> {
  const { environment: { aws, fleet }, id } = errand;
  return await persist(errand, "re-registered", cause, async () => {
    const now = await seek(errand);
    if (now?.state !== "running") return false;
    try {
      await register(aws, fleet.balancer, id);
    } catch (error) {
      // What ELB says of one that is terminated.
      if (!isNotRegistrable(error)) throw error;
      return false;
    }
    return true;
  });
}

/** Leaves an instance out of scaling; not being allowed to must not keep it running. */
async function mark({ environment: { aws }, log, id }: ActivityContext, reason: string): Promise<void> {
  try {
    await quarantine(aws, id, reason);
  } catch (error) {
    if (isPassing(error)) throw error;
    log.error("cannot put an instance into quarantine", {
      instance: id,
      reason: describeError(error).message,
    });
  }
}

/**
 * Takes an instance off the load balancer; true once it has drained, as it may have come into service in the end (R10). Then it
 * serves for as long as it can't be spared.
 */
async function offBalancer(errand: ActivityContext): Promise<boolean> {
  const { environment: { aws, fleet }, id } = errand;
  try {
    await deregister(aws, fleet.balancer, id, undefined, async () => {
      if (await registration(errand) === "in-service") await recheck(errand);
    });
    return await registration(errand) === "none";
  } catch (error) {
    // With the balancer gone there is nothing to be registered with.
    if (!isNotFound(error)) throw error;
    return true;
  }
}
