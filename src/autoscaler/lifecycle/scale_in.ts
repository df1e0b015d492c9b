/**
 * Scaling in (R10): the steps that take an instance out of service. Each step first checks what is already done, so that kas
 * can resume scaling in at any step, for example after a restart (R13).
 *
 * @module
 */
import { stopInstance, terminateInstance } from "../../aws/ec2/state_changes.ts";
import { isIncorrectState } from "../../aws/errors.ts";
import { recent } from "../../scaling/model/observation.ts";
import type { InstanceState } from "../../scaling/model/instance.ts";
import { type ActivityContext, ActivityError, sentence } from "./activity_context.ts";
import { findInstance, healthOf } from "./observe/instance_lookup.ts";
import { recheck } from "./observe/recheck.ts";
import { checkProtection, notingRefusal } from "./faults/refusal.ts";
import { judgeUnhealthy } from "./faults/unhealthy.ts";
import { endDraining } from "./draining.ts";
import { reRegister, tryToQuarantine } from "./rollback.ts";
import { attemptInTime, runStep } from "./step.ts";

/**
 * Takes an instance out of service: deregisters the instance, waits until it has drained, and stops or terminates it. Before
 * the deregistration and before the stop, kas rechecks that the fleet can do without the instance. kas never stops an instance
 * before it has drained. If the instance does not drain in time, if the fleet needs it again, or if EC2 refuses the stop, kas
 * registers the instance again.
 *
 * @param onCommit called right before StopInstances or TerminateInstances, after which the activity cannot be cancelled
 * @throws {ActivityError} if the instance cannot be taken out of service
 */
export async function scaleIn(
  context: ActivityContext,
  kind: "stop" | "terminate",
  onCommit: () => void,
): Promise<void> {
  const { journal, activity } = context;
  const rollback = journal.steps(activity).find(({ step }) => step === "re-registered");
  // Before a restart, the autoscaler had already begun to register the instance again. Continue with that.
  if (rollback?.cause !== undefined) {
    return await putBackIntoService(context, new ActivityError(rollback.cause.reason));
  }
  // Check the protection before the first step, so that kas does not drain the instance if EC2 refuses the stop.
  if (journal.steps(activity).length === 0) await checkProtection(context, kind);
  try {
    // If EC2 is already terminating the instance, for example since before a restart, the instance serves no requests.
    const draining = kind === "stop" || !await isTerminating(context);
    if (draining) await drain(context);
    context.signal.throwIfAborted();
    onCommit();
    await (kind === "stop" ? stop(context) : terminate(context));
  } catch (error) {
    if (!(error instanceof ActivityError)) throw error;
    await putBackIntoService(context, error);
  }
}

/** Carries out the steps of scaling in that kas can cancel: all steps before the stop. */
async function drain(context: ActivityContext): Promise<void> {
  const { environment: { runtime: { clock } } } = context;
  const brief = clock.elapsed() + Math.min(BRIEF, timeoutOf(context) / 2);
  let serves = await deregisterInstance(context, brief);
  try {
    await waitUntilDrained(context, serves, brief);
  } catch (error) {
    if (!(error instanceof ActivityError) || await continuesInService(context)) throw error;
    serves = false;
    context.log.warn("a service does not finish its work in time", {
      instance: context.id,
      reason: error.message,
    });
    context.journal.note(context.activity, `${sentence(error.message)} kas stops it nevertheless.`);
  }
  await recheckInstance(context, serves);
}

/**
 * Returns whether an instance that has not drained in time goes on in service. Without a load balancer, an unhealthy instance does not,
 * and neither does an instance whose service refuses to take work again.
 */
async function continuesInService(context: ActivityContext): Promise<boolean> {
  const { environment: { registrar }, unhealthy } = context;
  if (!registrar.isServiceDraining) return true;
  if (unhealthy) return false;
  const instance = await findInstance(context);
  return instance === undefined || await endDraining(context, instance);
}

/**
 * The longest time in ms that kas waits for the draining of an instance that serves nobody. If an instance hangs, its requests
 * never end.
 */
const BRIEF = 30_000;

function timeoutOf({ environment: { tuning } }: ActivityContext): number {
  return tuning().drainTimeout;
}

/**
 * Deregisters an instance. Returns whether the instance serves requests. An unhealthy instance serves none, with three exceptions: it
 * is in service, it is already draining, or its service has accepted to drain. A draining instance may have served before a restart of
 * the autoscaler.
 *
 * @param brief until when kas asks the service of an unhealthy instance, in the clock's elapsed time
 */
async function deregisterInstance(context: ActivityContext, brief: number): Promise<boolean> {
  const { environment: { registrar, runtime: { clock }, onDeregistered }, id } = context;
  let last: string | undefined;
  let serves = context.unhealthy === undefined;
  await runStep(context, {
    name: "deregistered",
    failure: `${id} could not be deregistered`,
    timeout: timeoutOf(context),
    lastSeen: () => last,
    attempt: async () => {
      const outcome = await registrar.deregister(id, async () => {
        const { registration } = await recheck(context);
        serves ||= registration === "in-service" || registration === "draining";
      });
      if (outcome.done) {
        onDeregistered(id);
        serves ||= outcome.isWorking ?? false;
        return true;
      }
      last = outcome.why;
      if (!serves && (outcome.isFinal || clock.elapsed() >= brief)) return true;
      if (outcome.isFinal) throw new ActivityError(`${id} could not be asked to drain: ${last}`);
      return undefined;
    },
  });
  return serves;
}

/**
 * Waits until an instance has drained. If kas has just cancelled the instance's start, the load balancer's reads may show a state from
 * before the registration. So kas ignores, for the registrar's lag after the registration, an answer without the instance.
 *
 * @param brief until when kas waits for an instance that serves nobody, in the clock's elapsed time
 */
async function waitUntilDrained(context: ActivityContext, serves: boolean, brief: number): Promise<void> {
  const { journal, id, environment: { registrar, runtime: { clock } } } = context;
  const registered = journal.cancelledStart(id)?.registered;
  const mayBeOld = () => recent(registered, registrar.lag, clock.now());
  let last: string | undefined;
  await runStep(context, {
    name: "drained",
    failure: `${id} did not drain`,
    timeout: timeoutOf(context) + (mayBeOld() ? registrar.lag : 0),
    lastSeen: () => last,
    attempt: async () => {
      const health = await healthOf(context);
      if ((health === undefined && !mayBeOld()) || (!serves && clock.elapsed() >= brief)) return true;
      if (health !== undefined) last = registrar.describe(health);
      return undefined;
    },
  });
}

/**
 * Rechecks an instance that has drained. The load balancer's reads may show a state from before the end of draining. So kas
 * believes that somebody registered the instance again only if the reads show the registration for the registrar's lag.
 */
async function recheckInstance(context: ActivityContext, serves: boolean): Promise<void> {
  const { id, environment: { registrar, runtime: { clock } } } = context;
  const begun = clock.elapsed();
  await runStep(context, {
    name: "rechecked",
    failure: `${id} could not be observed`,
    timeout: registrar.lag + timeoutOf(context),
    attempt: async () => {
      const { registration } = await recheck(context);
      if (registration === "none" || (!serves && registration === "draining")) return true;
      if (clock.elapsed() - begun < registrar.lag) return undefined;
      throw new ActivityError(`${id} was registered again by someone else`);
    },
  });
}

/** Stops a drained instance. The request has no timeout, because only an outage of AWS can delay it. */
async function stop(context: ActivityContext): Promise<void> {
  const { environment: { aws }, journal, activity, id, unhealthy } = context;
  // After a restart, the journal already has the failure of the instance.
  const judged = journal.steps(activity).some(({ cause }) => cause !== undefined);
  const cause = unhealthy && !judged ? await judgeUnhealthy(context) : undefined;
  if (cause?.quarantine) await tryToQuarantine(context, cause.reason);
  await runStep(context, {
    name: "stopping",
    cause,
    failure: `${id} could not be stopped`,
    timeout: Infinity,
    attempt: async () => {
      try {
        return await notingRefusal(context, "stop", () => stopInstance(aws, id));
      } catch (error) {
        // EC2 refuses to stop an instance that has never run. Try again when it runs, unless it terminates.
        if (!isIncorrectState(error) || await isTerminating(context)) throw error;
        return undefined;
      }
    },
  });
  await waitUntilEnded(context, "stopped", (state) => state !== "running" && state !== "stopping");
}

/** Terminates a drained instance. */
async function terminate(context: ActivityContext): Promise<void> {
  const { environment: { aws }, id } = context;
  await runStep(context, {
    name: "terminating",
    failure: `${id} could not be terminated`,
    timeout: Infinity,
    attempt: async () =>
      await isTerminating(context) ||
      await notingRefusal(context, "terminate", () => terminateInstance(aws, id)),
  });
  await waitUntilEnded(context, "terminated", (state) => state === undefined || state === "terminated");
}

/**
 * Waits until an instance has stopped or terminated. EC2 may take longer than the timeout. The activity then stays in
 * progress, and its reason gets a note. If the instance still runs after the timeout, EC2 did not stop it.
 *
 * @throws {ActivityError} if the instance still runs after the timeout
 */
async function waitUntilEnded(
  context: ActivityContext,
  end: "stopped" | "terminated",
  hasEnded: (state: InstanceState | undefined) => boolean,
): Promise<void> {
  const { journal, activity, id, log, environment: { runtime: { clock } } } = context;
  const deadline = clock.elapsed() + timeoutOf(context);
  let noted = false;
  await runStep(context, {
    name: end,
    failure: `${id} is not ${end}`,
    timeout: Infinity,
    attempt: async () => {
      const state = (await findInstance(context))?.state;
      if (hasEnded(state)) return true;
      if (clock.elapsed() < deadline) return undefined;
      const seconds = Math.round(timeoutOf(context) / 1_000);
      const slow = `${id} is not ${end} after ${seconds} s: it is ${state}`;
      if (state === "running") throw new ActivityError(slow);
      if (!noted) {
        log.warn("EC2 takes long to stop or terminate an instance", { instance: id, state, seconds });
        journal.note(activity, `${slow}. kas waits until EC2 has ended it.`);
      }
      noted = true;
      return undefined;
    },
  });
}

/** Returns whether EC2 is terminating an instance, or the instance does not exist any more. */
async function isTerminating(context: ActivityContext): Promise<boolean> {
  return await attemptInTime(context, {
    failure: `${context.id} could not be observed`,
    timeout: Infinity,
    attempt: async () => {
      const state = (await findInstance(context))?.state;
      return state === undefined || state === "shutting-down" || state === "terminated";
    },
  });
}

/** Registers an instance again whose scale-in failed, if it still runs, and throws the reason of the failure. */
async function putBackIntoService(context: ActivityContext, error: ActivityError): Promise<never> {
  const { message: reason } = error;
  const registered = await reRegister(context, { reason, quarantine: false });
  const message = registered ? `${sentence(reason)} ${context.id} is registered again.` : reason;
  throw new ActivityError(message, undefined, { cause: error });
}
