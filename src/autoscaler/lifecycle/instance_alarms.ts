/**
 * The alarms of what is launched and terminated: a node without alarms of its own would be blind, alarms without a node litter.
 * Neither is worth its service: what goes wrong with them is told, and ends nothing.
 *
 * @module
 */
import {
  type AlarmDetail,
  type AlarmPlan,
  deleteAlarms,
  fleetAlarms,
  putAlarm,
} from "../../aws/cloudwatch/alarms.ts";
import { type ActivityContext, ActivityError, runStep } from "./activity_context.ts";

/**
 * The alarms of an instance as the others of its fleet have them: of each kind what most of them share, of two shared by as
 * many the one that comes first. Where the others have none, as the fleet is scaled by its requests, it has none either.
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

/** Gives a launched instance its alarms; what went wrong with that, if anything. */
export async function createInstanceAlarms(errand: ActivityContext): Promise<string[]> {
  const { environment: { aws, fleet, startTimeout: timeout }, id } = errand;
  return await tried(
    errand,
    "it is not watched",
    () =>
      runStep(errand, {
        name: "alarms-created",
        what: `the alarms of ${id}`,
        timeout,
        attempt: async () => {
          const alarms = await fleetAlarms(aws, fleet.fleet);
          for (const plan of alarmsLike(alarms, fleet.fleet, id)) await putAlarm(aws, plan);
          return true;
        },
      }),
  );
}

/** Deletes the alarms of a terminated instance; what went wrong with that, if anything. */
export async function deleteInstanceAlarms(errand: ActivityContext): Promise<string[]> {
  const { environment: { aws, fleet, drainTimeout: timeout }, id } = errand;
  return await tried(
    errand,
    "its alarms are still there",
    () =>
      runStep(errand, {
        name: "alarms-deleted",
        what: `the end of the alarms of ${id}`,
        timeout,
        attempt: async () => {
          const alarms = await fleetAlarms(aws, fleet.fleet);
          const own = alarms.filter(({ dimension }) => dimension === id).map(({ name }) => name);
          await deleteAlarms(aws, own);
          return true;
        },
      }),
  );
}

async function tried(
  { log, id }: ActivityContext,
  otherwise: string,
  take: () => Promise<unknown>,
): Promise<string[]> {
  try {
    await take();
    return [];
  } catch (error) {
    if (!(error instanceof ActivityError)) throw error;
    log.error(otherwise, { instance: id, reason: error.message });
    return [`${otherwise}: ${error.message}`];
  }
}
