/**
 * Starts the candidates of an activity (R7). If a candidate fails to start, kas starts the next candidate at once, and rolls
 * the failed start back meanwhile.
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { nextAttempt } from "../../scaling/faults/pauses.ts";
import { sentences } from "../../scaling/words.ts";
import type { Activity, PlacedActivity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import { type ActivityContext, ActivityError, sentence } from "./activity_context.ts";
import { judge, observeFleet } from "./faults/consequences.ts";
import { createInstanceAlarms } from "./instance_alarms.ts";
import type { Rollbacks } from "./rollback.ts";
import { scaleOut } from "./scale_out.ts";

/** The parts that {@linkcode startFirst} needs. */
export interface StartParts {
  readonly journal: Journal;
  readonly rollbacks: Rollbacks;
  /** Ends other activities and rollbacks of an instance, and waits until they have ended. Returns whether any was in progress. */
  readonly clear: (instance: string, by: Activity) => Promise<boolean>;
  /** Called when the activity has ended with its instance in service. */
  readonly onInService: (activity: Activity, instance: Ec2Instance) => void;
}

/** Starts candidates one after another until one is in service. Returns the ended activity. */
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
      // If another activity has just ended, it has changed the instance. Then observe the instance again.
      if (await inTime(context, clear(context.id, started))) context = { ...context, seen: undefined };
      const instance = await scaleOut(context);
      await finish(rollingBack, context);
      if (context.launched) failures.push(...await createInstanceAlarms(context));
      const ended = journal.end(started, "successful", sentences(started.reason, ...failures), clock.now());
      onInService(ended, instance);
      return ended;
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      const { message: reason, fault } = error;
      context.log.warn("start of a candidate failed", { instance: context.id, reason, fault });
      const { id } = context;
      const instances = fault === undefined ? undefined : await observeFleet(context);
      const now = clock.now();
      const { quarantine, pauseOf } = judge(context, fault, reason, now, instances);
      const remaining = activity.remaining.filter((other) => pauseOf(other) === undefined);
      const pause = pauseOf(id);
      const changed = journal.steps(started.id).some(({ instance }) => instance === id);
      const cause = { reason, quarantine, fault };
      activity = journal.dropCandidate({ ...activity, remaining }, cause, changed, now);
      failures.push(sentences(sentence(reason), pause === undefined ? "" : nextAttempt(pause)));
      if (changed) rollingBack.push(rollbacks.run(context, cause));
    }
    if (activity !== undefined) context = { ...context, id: activity.instance, seen: undefined };
  }
  await finish(rollingBack, first);
  return journal.end(started, "failed", sentences(...failures), clock.now());
}

/**
 * Waits until other activities at an instance have ended. The wait has the timeout of a step, because EC2 may take any time
 * to stop an instance.
 *
 * @throws {ActivityError} if they have not ended before the timeout
 */
async function inTime<T>({ id, signal, environment }: ActivityContext, ended: Promise<T>): Promise<T> {
  const { tuning, runtime: { clock } } = environment;
  const over = new AbortController();
  const timeout = tuning().startTimeout;
  const late = clock.sleep(timeout, AbortSignal.any([signal, over.signal])).then((): never => {
    throw new ActivityError(`EC2 has not stopped ${id} within ${Math.round(timeout / 1_000)} s`);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    over.abort();
    late.catch(() => {});
  }
}

/** Returns the candidates that failed before the autoscaler restarted, and whether their rollbacks have ended. */
function failuresBefore(journal: Journal, { id }: Activity) {
  return journal.steps(id).flatMap(({ step, instance, ended, cause }) =>
    step === "rolled-back" && cause !== undefined && instance !== undefined
      ? [{ instance, cause, ended: ended !== undefined }]
      : []
  );
}

/**
 * Waits until the rollbacks have ended. If the autoscaler stops meanwhile, throws an error, so that the activity stays
 * unfinished.
 */
async function finish(rollingBack: readonly Promise<void>[], { signal }: ActivityContext): Promise<void> {
  await Promise.all(rollingBack);
  signal.throwIfAborted();
}
