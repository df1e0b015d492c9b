/**
 * R5: kas does not scale in on account of, or by, an instance that has just come into service.
 *
 * @module
 */
import { inService } from "../model/instance.ts";
import { isWarmingUp } from "../model/observation.ts";
import { seconds } from "../words.ts";
import { type Check, type CheckContext, type CheckResult, hold, type InContext, pass } from "./check.ts";

/** R5: low CPU of an instance that still boots says nothing about the load. */
export const alarmWarmUp: Check<CheckContext> = {
  name: "warm-up",
  asks: "alarm's instance is warm",
  check: (context) => checkAlarmWarmUp(context),
};

/**
 * The check itself, which always has a result. While an instance boots its cpulow changes from INSUFFICIENT_DATA to OK. At a
 * reconcile, which does not know the transition, OK within the warm-up counts as the same.
 */
export function checkAlarmWarmUp({ trigger, recommendation, observation, index }: CheckContext): CheckResult {
  const { alarm } = recommendation;
  if (alarm?.kind !== "cpulow") return pass();
  if (trigger.kind !== "reconcile" && alarm.from !== "INSUFFICIENT_DATA") return pass();
  const instance = index.instance(alarm.dimension);
  if (instance === undefined) return pass();
  if (!inService(instance)) {
    return hold(`${instance.id} is not in service: its low CPU says nothing about the fleet's load.`);
  }
  if (!isWarmingUp(instance, observation)) return pass();
  const warmup = seconds(observation.limits.warmup);
  return hold(
    `${instance.id} has been in service for less than the warm-up of ${warmup}: its low CPU says nothing about the fleet's load.`,
  );
}

/** R5: a candidate has been in service for the warm-up. */
export const candidateWarmUp: Check<InContext> = {
  name: "warm-up",
  asks: "a candidate is warm",
  check: ({ observation: { limits }, selection: { candidates, instance } }) => {
    if (candidates.length === 0) return undefined;
    if (instance !== undefined) return pass();
    const ids = candidates.map(({ id }) => id).join(", ");
    const have = candidates.length === 1 ? "has" : "have";
    return hold(`${ids} ${have} been in service for less than the warm-up of ${seconds(limits.warmup)}.`);
  },
};
