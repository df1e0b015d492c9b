/**
 * Rollback: returns an instance to its state before a failed activity. A rollback ends only when it succeeds. So no instance is
 * left running without being registered, however long AWS is unavailable (R13).
 *
 * @module
 */
import { deregister, register } from "../../aws/balancing/balancer.ts";
import { isIncorrectState, isNotFound, isNotRegistrable, isRefused } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import { quarantine } from "../../aws/ec2/quarantine.ts";
import { stopInstance } from "../../aws/ec2/state_changes.ts";
import type { Clock } from "../../runtime.ts";
import { pauses } from "../backoff.ts";
import type { Cause } from "../store/steps.ts";
import type { ActivityContext } from "./activity_context.ts";
import { findInstance, registrationOf } from "./observe/instance_lookup.ts";
import { recheck } from "./observe/recheck.ts";
import { notingRefusal } from "./refusal.ts";
import { isTransient, runUntilDone } from "./step.ts";

/** Rolls back a failed start: deregisters and stops the instance, and quarantines it if the cause says so (R7, R9). */
export async function rollBack(context: ActivityContext, cause: Cause): Promise<void> {
  const { environment: { aws }, id, launched } = context;
  let quarantined = !cause.quarantine;
  await runUntilDone(context, "rolled-back", cause, async () => {
    const instance = await findInstance(context);
    // EC2's listings may not show a launched instance yet. Requests that name the instance then fail or succeed, so try them.
    if (instance === undefined ? !launched : instance.state === "terminated") return true;
    // Somebody has given the instance a different role, so kas must not stop it any more.
    if (instance !== undefined && (instance.role !== "node" || instance.autoScalingGroup !== undefined)) {
      return true;
    }
    if (!quarantined) await tryToQuarantine(context, cause.reason);
    quarantined = true;
    if (!await isDeregistered(context)) return undefined;
    if (instance?.state === "shutting-down") return true;
    try {
      // Stop the instance even if EC2 shows it as stopped: a start whose answer was lost may become visible late.
      await notingRefusal(context, "stop", () => stopInstance(aws, id));
    } catch (error) {
      if (launched && isNotFound(error)) return true;
      // It runs without being registered, for an operator to stop. Further attempts would not end.
      if (isRefused(error)) return true;
      // EC2 refuses to stop an instance that has never run.
      if (!isIncorrectState(error)) throw error;
      return undefined;
    }
    return true;
  });
}

/**
 * Rolls back a scale-in: registers the instance again if the instance still runs.
 *
 * @returns whether kas registered the instance
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

/** Quarantines an instance. If kas lacks the permission, the rollback still stops the instance. */
async function tryToQuarantine(
  { environment: { aws, tuning, runtime: { clock } }, log, id }: ActivityContext,
  reason: string,
): Promise<void> {
  try {
    await quarantine(aws, id, reason, clock.now() + tuning().quarantineFor);
  } catch (error) {
    if (isTransient(error)) throw error;
    log.error("could not quarantine the instance", { instance: id, reason: describeError(error).message });
  }
}

/**
 * Deregisters an instance and returns whether the instance has drained (R10). If the instance came into service after its start
 * had failed, the instance serves until the fleet can do without it.
 */
async function isDeregistered(context: ActivityContext): Promise<boolean> {
  const { environment: { aws, fleet }, id } = context;
  try {
    await deregister(aws, fleet.balancer, id, undefined, async () => {
      if (await registrationOf(context) === "in-service") await recheck(context);
    });
    return await registrationOf(context) === "none";
  } catch (error) {
    // The load balancer has been deleted, so there is nothing to deregister from.
    if (!isNotFound(error)) throw error;
    return true;
  }
}

/** The rollbacks of failed starts. At most one rollback is in progress for each instance. */
export class Rollbacks {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  /** The rollbacks in progress by the id of their instance. The promises never reject. */
  readonly #inProgress = new Map<string, Promise<void>>();

  /** @param stop ends rollbacks at their next wait; they stay in the journal for the next run of the autoscaler */
  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Returns the rollback in progress of an instance, if there is one. */
  of(instance: string): Promise<void> | undefined {
    return this.#inProgress.get(instance);
  }

  /** Resolves when no rollback is in progress. */
  async ended(): Promise<void> {
    await Promise.all(this.#inProgress.values());
  }

  /** Rolls back a start. If a rollback of the instance is in progress, returns that rollback. Never rejects. */
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
        context.log.error("rollback of a failed start failed, retrying", { instance: context.id, reason });
      }
      if (!await pause()) return;
    }
  }
}
