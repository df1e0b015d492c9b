/**
 * Rolling back: an instance returns to where it was before a failed activity. Rolling back ends only when it succeeds, so that an
 * instance is never left running without being registered, however long AWS is unavailable (R13).
 *
 * @module
 */
import { deregister, register } from "../../aws/balancing/balancer.ts";
import { isIncorrectState, isNotFound, isNotRegistrable } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import { quarantine } from "../../aws/ec2/quarantine.ts";
import { stopInstance } from "../../aws/ec2/state_changes.ts";
import type { Clock } from "../../runtime.ts";
import { pauses } from "../backoff.ts";
import type { Cause } from "../store/steps.ts";
import type { ActivityContext } from "./activity_context.ts";
import { findInstance, registrationOf } from "./instance_lookup.ts";
import { recheck } from "./recheck.ts";
import { isTransient, runUntilDone } from "./step.ts";

/** Rolls back a failed start: deregisters and stops the instance, and quarantines it if it is to blame (R7, R9). */
export async function rollBack(context: ActivityContext, cause: Cause): Promise<void> {
  const { environment: { aws }, id, launched } = context;
  let quarantined = !cause.blame;
  await runUntilDone(context, "rolled-back", cause, async () => {
    const instance = await findInstance(context);
    // EC2 may not show yet what it has launched. Requests that name the instance tell.
    if (instance === undefined ? !launched : instance.state === "terminated") return true;
    // Somebody has given it another role: it is not kas's to stop any more.
    if (instance !== undefined && (instance.role !== "node" || instance.autoScalingGroup !== undefined)) {
      return true;
    }
    if (!quarantined) await tryToQuarantine(context, cause.reason);
    quarantined = true;
    if (!await isDeregistered(context)) return undefined;
    if (instance?.state === "shutting-down") return true;
    try {
      // Even if it seems to be stopped: a start whose answer was lost may show late.
      await stopInstance(aws, id);
    } catch (error) {
      if (launched && isNotFound(error)) return true;
      // EC2 does not stop an instance that has not run yet.
      if (!isIncorrectState(error)) throw error;
      return undefined;
    }
    return true;
  });
}

/**
 * Rolls back scaling in: registers the instance again if it still runs.
 *
 * @returns whether it was registered
 */
export async function reRegister(context: ActivityContext, cause: Cause): Promise<boolean> {
  const { environment: { aws, fleet }, id } = context;
  return await runUntilDone(context, "re-registered", cause, async () => {
    const instance = await findInstance(context);
    if (instance?.state !== "running") return false;
    try {
      await register(aws, fleet.balancer, id);
    } catch (error) {
      // ELB refuses an instance that is terminated.
      if (!isNotRegistrable(error)) throw error;
      return false;
    }
    return true;
  });
}

/** Quarantines an instance. If kas lacks the permission, the instance is stopped all the same. */
async function tryToQuarantine(
  { environment: { aws }, log, id }: ActivityContext,
  reason: string,
): Promise<void> {
  try {
    await quarantine(aws, id, reason);
  } catch (error) {
    if (isTransient(error)) throw error;
    log.error("could not quarantine the instance", { instance: id, reason: describeError(error).message });
  }
}

/**
 * Deregisters an instance and returns whether it has drained (R10). It may have come into service after its start had failed;
 * then it serves until the fleet can do without it.
 */
async function isDeregistered(context: ActivityContext): Promise<boolean> {
  const { environment: { aws, fleet }, id } = context;
  try {
    await deregister(aws, fleet.balancer, id, undefined, async () => {
      if (await registrationOf(context) === "in-service") await recheck(context);
    });
    return await registrationOf(context) === "none";
  } catch (error) {
    // The load balancer does not exist any more.
    if (!isNotFound(error)) throw error;
    return true;
  }
}

/** The rollbacks of failed starts in progress, at most one an instance. */
export class Rollbacks {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  /** By instance. Never rejects. */
  readonly #inProgress = new Map<string, Promise<void>>();

  /** @param stop ends rollbacks at their next wait; they stay in the journal for the next run of the autoscaler */
  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
  }

  /** The rollback of an instance that is in progress, if one is. */
  of(instance: string): Promise<void> | undefined {
    return this.#inProgress.get(instance);
  }

  /** Resolves once none is in progress. */
  async ended(): Promise<void> {
    await Promise.all(this.#inProgress.values());
  }

  /** Rolls back a start, or joins the rollback of the instance that is in progress. Never rejects. */
  run(context: ActivityContext, cause: Cause): Promise<void> {
    const { id } = context;
    const inProgress = this.#inProgress.get(id);
    if (inProgress !== undefined) return inProgress;
    const ended = this.#untilDone(context, cause).finally(() => this.#inProgress.delete(id));
    this.#inProgress.set(id, ended);
    return ended;
  }

  async #untilDone(context: ActivityContext, cause: Cause): Promise<void> {
    for (const pause of pauses(this.#clock, this.#stop)) {
      try {
        return await rollBack(context, cause);
      } catch (error) {
        if (this.#stop.aborted) return;
        const { message: reason } = describeError(error);
        context.log.error("rollback attempt failed", { instance: context.id, reason });
      }
      if (!await pause()) return;
    }
  }
}
