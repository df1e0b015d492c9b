/**
 * Starts the candidates of an activity (R7). If a candidate fails, kas starts the next candidate at once and rolls back the
 * failed candidate meanwhile.
 *
 * @module
 */
import { describeError } from "../../aws/error_messages.ts";
import { type Ec2Instance, fleetInstances } from "../../aws/ec2/instances.ts";
import { nextAttempt, type Pause, pausesOf } from "../../scaling/faults/pauses.ts";
import type { StartFailure } from "../../scaling/model/start_event.ts";
import { sentences } from "../../scaling/words.ts";
import type { Activity, PlacedActivity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import { type ActivityContext, ActivityError, sentence } from "./activity_context.ts";
import { createInstanceAlarms } from "./instance_alarms.ts";
import type { Rollbacks } from "./rollback.ts";
import { scaleOut } from "./scale_out.ts";

/** The parts that starting a candidate needs. */
export interface StartParts {
  readonly journal: Journal;
  readonly rollbacks: Rollbacks;
  /** Ends other activities and rollbacks at an instance. Returns whether any was in progress. */
  readonly clear: (instance: string, by: Activity) => Promise<boolean>;
  /** Called when the activity has ended and its instance is in service. */
  readonly onInService: (activity: Activity, instance: Ec2Instance) => void;
}

/** Scales out with the first candidate that does not fail. Returns the ended activity. */
export async function startFirst(
  { journal, rollbacks, clear, onInService }: StartParts,
  started: PlacedActivity,
  first: ActivityContext,
): Promise<Activity> {
  const { environment: { runtime: { clock } } } = first;
  const before = failuresBefore(journal, started);
  const failures = before.map(({ cause }) => sentence(cause.reason));
  const rollingBack = before.filter(({ ended }) => !ended)
    .map(({ instance, cause }) => rollbacks.run({ ...first, id: instance }, cause));
  const failedBefore = before.some(({ instance }) => instance === started.instance);
  let activity: PlacedActivity | undefined = failedBefore ? undefined : started;
  let context = first;
  while (activity !== undefined) {
    try {
      // The ended activity has changed the instance since the last observation, so observe the instance again.
      if (await inTime(context, clear(context.id, started))) context = { ...context, seen: undefined };
      const instance = await scaleOut(context);
      await finish(rollingBack, context);
      if (context.launched) failures.push(...await createInstanceAlarms(context));
      const ended = journal.end(started, "successful", sentences(started.reason, ...failures), clock.now());
      onInService(ended, instance);
      return ended;
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      const { message: reason, blame, fault } = error;
      context.log.warn("start of a candidate failed", { instance: context.id, reason });
      const { id } = context;
      const at = clock.now();
      const { remaining, pause } = fault === undefined
        ? { remaining: activity.remaining, pause: undefined }
        : await unpaused(context, activity.remaining, { what: fault, at, instance: id, reason });
      const changed = journal.steps(started.id).some(({ instance }) => instance === id);
      const cause = { reason, blame, fault };
      activity = journal.dropCandidate({ ...activity, remaining }, cause, changed, at);
      failures.push(sentences(sentence(reason), pause === undefined ? "" : nextAttempt(pause)));
      if (changed) rollingBack.push(rollbacks.run(context, cause));
    }
    if (activity !== undefined) context = { ...context, id: activity.instance, seen: undefined };
  }
  await finish(rollingBack, first);
  return journal.end(started, "failed", sentences(...failures), clock.now());
}

/**
 * Waits for the end of other work at an instance, at most for the timeout of a step: EC2 may take any time to stop an instance.
 *
 * @throws {ActivityError} if the other work has not ended by then
 */
async function inTime<T>({ id, signal, environment }: ActivityContext, ended: Promise<T>): Promise<T> {
  const { tuning, runtime: { clock } } = environment;
  const over = new AbortController();
  const timeout = tuning().startTimeout;
  const late = clock.sleep(timeout, AbortSignal.any([signal, over.signal])).then((): never => {
    throw new ActivityError(`EC2 has not stopped ${id} within ${Math.round(timeout / 1_000)} s`, false);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    over.abort();
    late.catch(() => {});
  }
}

/** The candidates that failed in an earlier run of the autoscaler, and whether their rollbacks have ended. */
function failuresBefore(journal: Journal, { id }: Activity) {
  return journal.steps(id).flatMap(({ step, instance, ended, cause }) =>
    step === "rolled-back" && cause !== undefined && instance !== undefined
      ? [{ instance, cause, ended: ended !== undefined }]
      : []
  );
}

/** Waits for the rollbacks. If the autoscaler stops meanwhile, the activity stays unfinished. */
async function finish(rollingBack: readonly Promise<void>[], { signal }: ActivityContext): Promise<void> {
  await Promise.all(rollingBack);
  signal.throwIfAborted();
}

/** Returns the candidates that are not paused after a failure, and the pause of the instance that failed. */
async function unpaused(
  { environment: { aws, fleet, runtime: { clock } }, journal, log, id, signal }: ActivityContext,
  ids: readonly string[],
  failure: StartFailure,
): Promise<{ readonly remaining: readonly string[]; readonly pause?: Pause | undefined }> {
  try {
    const instances = await Array.fromAsync(fleetInstances(aws, fleet, signal));
    const now = clock.now();
    const pauses = pausesOf({ now, instances, history: { starts: [...journal.starts(now), failure] } });
    const pauseOf = new Map(instances.map((instance) => [instance.id, pauses.of(instance)]));
    return {
      remaining: ids.filter((other) => pauseOf.has(other) && pauseOf.get(other) === undefined),
      pause: pauseOf.get(id),
    };
  } catch (error) {
    signal.throwIfAborted();
    const { message: reason } = describeError(error);
    log.warn("could not observe the candidates", { instance: id, reason });
    return { remaining: ids };
  }
}
