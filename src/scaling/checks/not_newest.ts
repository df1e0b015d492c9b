/**
 * R11: the check `not-newest`. It passes if the alarm and the instance of the recommendation belong to this fleet, and if kas
 * knows no newer change of the alarm.
 *
 * @module
 */
import type { AlarmChange } from "../model/alarm.ts";
import type { ProcessedChange } from "../model/observation.ts";
import { iso, seconds } from "../words.ts";
import { type Check, type CheckContext, type CheckResult, hold, pass } from "./check.ts";

/** R11: the check `not-newest` for scaling out and scaling in. */
export const notNewest: Check<CheckContext> = {
  name: "not-newest",
  condition: "alarm state is newest",
  check: (context) => checkNotNewest(context),
};

/** Runs the check `not-newest`. */
export function checkNotNewest(
  { trigger, recommendation, observation, index }: Omit<CheckContext, "before">,
): CheckResult {
  const { alarm, instance } = recommendation;
  if (alarm !== undefined) {
    const { fleet, kind, dimension } = alarm;
    if (fleet !== observation.fleet) {
      return hold(`The alarm belongs to fleet ${fleet}, not to ${observation.fleet}.`);
    }
    if (kind !== "reqcount" && index.instance(dimension) === undefined) {
      return hold(`${dimension} is not in the fleet.`);
    }
    const processed = trigger.kind === "notification" ? observation.processed : undefined;
    const overtaken = checkProcessed(alarm, processed);
    if (!overtaken.passed) return overtaken;
    const current = index.alarm(alarm);
    if (current !== undefined && current.state !== alarm.to && current.changed > alarm.at) {
      const late = seconds(current.changed - alarm.at);
      return hold(`The notification is out of date: the alarm changed to ${current.state} ${late} after it.`);
    }
  }
  if (instance !== undefined && index.instance(instance) === undefined) {
    return hold(`${instance} is not in the fleet.`);
  }
  return pass();
}

/**
 * Runs the part of the check that needs no observation: it passes if no earlier evaluation has processed a newer change of
 * the alarm, and if no reconcile has processed the same change (R2).
 */
export function checkProcessed({ at }: AlarmChange, processed: ProcessedChange | undefined): CheckResult {
  if (processed === undefined || at > processed.at) return pass();
  if (at === processed.at && processed.by !== "reconcile") return pass();
  return hold(
    `The change at ${iso(at)} is not newer than the change at ${
      iso(processed.at)
    }, which a ${processed.by} has processed.`,
  );
}
