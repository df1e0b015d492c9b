/**
 * Rollback: returns an instance to its state before a failed activity. kas repeats a rollback until it succeeds, however long
 * AWS is unavailable (R13). Otherwise an instance could keep running without being registered.
 *
 * @module
 */
import { isIncorrectState, isNotFound, isNotRegistrable, isRefused } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { quarantine } from "../../aws/ec2/quarantine.ts";
import { stopInstance } from "../../aws/ec2/state_changes.ts";
import type { Clock } from "../../runtime.ts";
import { pauses } from "../backoff.ts";
import type { Cause, Step } from "../store/steps.ts";
import type { ActivityContext } from "./activity_context.ts";
import { endDraining, mayRestart, startAgain } from "./draining.ts";
import { findInstance, healthOf, registrationOf } from "./observe/instance_lookup.ts";
import { recheck } from "./observe/recheck.ts";
import { notingRefusal } from "./faults/refusal.ts";
import { isTransient, runUntilDone } from "./step.ts";

/** Rolls back a failed start: deregisters and stops the instance, and quarantines it if the cause says so (R7, R9). */
export async function rollBack(context: ActivityContext, cause: Cause): Promise<void> {
  const { environment: { aws }, id, launched } = context;
  const { tuning, registrar, runtime: { clock } } = context.environment;
  const deadline = registrar.isServiceDraining ? clock.elapsed() + tuning().drainTimeout : Infinity;
  let quarantined = !cause.quarantine;
  await runUntilDone(context, "rolled-back", cause, async () => {
    const instance = await findInstance(context);
    // EC2's reads may not show a launched instance yet. Try to stop it nevertheless: EC2 answers whether the instance exists.
    if (instance === undefined ? !launched : instance.state === "terminated") return true;
    // Somebody has changed the role of the instance, or added it to an Auto Scaling group. kas must not stop it any more.
    if (instance !== undefined && (instance.role !== "node" || instance.autoScalingGroup !== undefined)) {
      return true;
    }
    // An operator has detached the instance for maintenance. Leave it as it is.
    if (instance?.detached) return true;
    // An operator has protected the instance. Leave it running and registered: it comes into service if it becomes healthy.
    if (instance?.protected) return true;
    if (!quarantined) await tryToQuarantine(context, cause.reason);
    quarantined = true;
    if (!await isDeregistered(context) && clock.elapsed() < deadline) return undefined;
    if (instance?.state === "shutting-down") return true;
    try {
      // Stop the instance even if EC2 shows it as stopped: if the answer to the start was lost, EC2's reads may show the
      // start later.
      await notingRefusal(context, "stop", () => stopInstance(aws, id));
    } catch (error) {
      if (launched && isNotFound(error)) return true;
      // EC2 would refuse every further attempt. The instance keeps running without being registered, and an operator has to
      // stop it.
      if (isRefused(error)) return true;
      // EC2 refuses to stop an instance that has never run.
      if (!isIncorrectState(error)) throw error;
      return undefined;
    }
    return true;
  });
}

/**
 * Rolls back a scale-in: registers the instance again, if it still runs and no operator has detached it.
 *
 * @returns whether kas registered the instance
 */
export async function reRegister(context: ActivityContext, cause: Cause): Promise<boolean> {
  const { environment: { registrar, tuning, runtime: { clock } }, id } = context;
  const deadline = clock.elapsed() + tuning().drainTimeout;
  return await runUntilDone(context, "re-registered", cause, async () => {
    const instance = await findInstance(context);
    if (instance === undefined || instance.detached) return false;
    if (instance.state !== "running") return await startAgain(context, instance);
    if (!await endDraining(context, instance)) {
      // The service still finishes its work.
      if (clock.elapsed() < deadline && await healthOf(context) !== undefined) return undefined;
      return await stopToStart(context, instance);
    }
    try {
      await registrar.register(id);
    } catch (error) {
      // ELB refuses to register a terminated instance.
      if (!isNotRegistrable(error)) throw error;
      return false;
    }
    return true;
  });
}

/**
 * Stops an instance whose service takes no more work, and starts it later: see {@linkcode startAgain}. Returns false if kas must not stop
 * the instance.
 */
async function stopToStart(context: ActivityContext, instance: Ec2Instance): Promise<false | undefined> {
  const { environment: { aws }, id } = context;
  if (!mayRestart(instance)) return false;
  try {
    await notingRefusal(context, "stop", () => stopInstance(aws, id));
  } catch (error) {
    if (!isRefused(error)) throw error;
    return false;
  }
  return undefined;
}

/** Quarantines an instance. If kas lacks the permission, it logs an error, so that the rollback can still stop the instance. */
export async function tryToQuarantine(
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
 * Deregisters an instance, and returns whether the instance has drained (R10). If the instance came into service although its
 * start had failed, kas deregisters it only when the fleet can spare it.
 */
async function isDeregistered(context: ActivityContext): Promise<boolean> {
  const { environment: { registrar }, id } = context;
  try {
    const { done, ...attempt } = await registrar.deregister(id, async () => {
      if (await registrationOf(context) === "in-service") await recheck(context);
    });
    // No service listens, so there is no work to finish.
    if (!done) return "isFinal" in attempt && attempt.isFinal;
    return await registrationOf(context) === "none";
  } catch (error) {
    // The load balancer does not exist any more, so the instance is not registered.
    if (!isNotFound(error)) throw error;
    return true;
  }
}

/** The rollbacks of failed starts. At most one rollback is in progress for each instance. */
export class Rollbacks {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  /** The rollbacks in progress, by the id of the instance. The promises never reject. */
  readonly #inProgress = new Map<string, Promise<void>>();

  /** @param stop interrupts rollbacks when they next wait. After a restart, the autoscaler resumes them from the journal */
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

  /** Resolves when no rollback of the instances of some steps is in progress. */
  async endedIn(steps: readonly Pick<Step, "instance">[]): Promise<void> {
    await Promise.all(steps.map(({ instance = "" }) => this.#inProgress.get(instance)));
  }

  /** Rolls back a start. If a rollback of the instance is already in progress, returns its promise. The promise never rejects. */
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
