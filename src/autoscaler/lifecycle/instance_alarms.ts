/**
 * The alarms of instances that kas launches and terminates. Without alarms, the load of an instance would never cause
 * scaling. Alarms without an instance would stay forever. If kas cannot create or delete the alarms, the activity reports it,
 * but succeeds.
 *
 * @module
 */
import {
  type AlarmDetail,
  type AlarmPlan,
  deleteAlarm,
  putAlarm,
  sharedAlarms,
} from "../../aws/cloudwatch/alarms.ts";
import { awaitAll } from "../../aws/many/await_all.ts";
import { type ActivityContext, ActivityError, sentence } from "./activity_context.ts";
import { runStep } from "./step.ts";

/**
 * Returns the alarms for a new instance. For each kind of alarm, they have the settings that most instances of the fleet
 * have. If two settings are equally frequent, the new alarm gets the settings of the first one. If the fleet has no alarms of
 * this kind, the new instance gets none: another metric scales the fleet.
 */
export function alarmsLike(others: readonly AlarmDetail[], fleet: string, instance: string): AlarmPlan[] {
  return (["cpuhigh", "cpulow"] as const).flatMap((kind) => {
    const plans = others.filter((it) => it.kind === kind && it.dimension !== instance)
      .map(({ threshold, period, evaluations, alarmActions: [topicArn] }): AlarmPlan => (
        { fleet, kind, dimension: instance, threshold, period, evaluations, topicArn }
      ));
    const alike = [...Map.groupBy(plans, (plan) => JSON.stringify(plan)).values()];
    const most = alike.reduce<AlarmPlan[]>((best, it) => (it.length > best.length ? it : best), []);
    return most.slice(0, 1);
  });
}

/** Creates the alarms of a launched instance. Returns what failed, if anything. */
export async function createInstanceAlarms(context: ActivityContext): Promise<string[]> {
  const { environment: { aws, fleet: { fleet }, tuning }, id } = context;
  const failure = `The alarms of ${id} could not be created`;
  const timeout = tuning().startTimeout;
  const attempt = async () => {
    const alarms = await sharedAlarms(aws, fleet);
    for (const plan of alarmsLike(alarms, fleet, id)) await putAlarm(aws, plan);
    return true;
  };
  const step = () => runStep(context, { name: "alarms-created", failure, timeout, attempt });
  return await failuresOf(context, failure, step);
}

/** Deletes the alarms of a terminated instance. Returns what failed, if anything. */
export async function deleteInstanceAlarms(context: ActivityContext): Promise<string[]> {
  const { environment: { aws, fleet: { fleet }, tuning }, id } = context;
  const failure = `The alarms of ${id} could not be deleted`;
  const timeout = tuning().drainTimeout;
  const attempt = async () => {
    const alarms = await sharedAlarms(aws, fleet);
    const own = alarms.filter(({ dimension }) => dimension === id);
    await awaitAll(own.map(({ name }) => deleteAlarm(aws, name)));
    return true;
  };
  const step = () => runStep(context, { name: "alarms-deleted", failure, timeout, attempt });
  return await failuresOf(context, failure, step);
}

async function failuresOf(
  { log, id }: ActivityContext,
  failure: string,
  step: () => Promise<unknown>,
): Promise<string[]> {
  try {
    await step();
    return [];
  } catch (error) {
    if (!(error instanceof ActivityError)) throw error;
    const { message: reason } = error;
    log.error("change of an instance's alarms failed", { instance: id, reason });
    return [sentence(reason.startsWith(failure) ? reason : `${failure}: ${reason}`)];
  }
}
