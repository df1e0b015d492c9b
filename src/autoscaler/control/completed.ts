/**
 * Completes an observation for the status page: an observation contains only what its decision needed.
 *
 * @module
 */
import { alarmName } from "../../scaling/model/alarm.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import type { Trigger } from "../../scaling/model/trigger.ts";
import { scopeOf } from "../../scaling/scope.ts";

/**
 * Returns an observation with the CPU that kas last read, and, if kas read only the trigger's alarm, with the other alarms of the
 * observation before.
 */
export function completed(
  trigger: Trigger,
  observation: Observation,
  before: Observation | undefined,
): Observation {
  if (before === undefined) return observation;
  // An observation may have the CPU of some instances only.
  const withCpu = observation.cpu === undefined && before.cpu === undefined
    ? observation
    : { ...observation, cpu: { ...before.cpu, ...observation.cpu } };
  if (scopeOf(trigger) === "everything") return withCpu;
  const fresh = new Set(observation.alarms.map(alarmName));
  const others = before.alarms.filter((alarm) => !fresh.has(alarmName(alarm)));
  return { ...withCpu, alarms: [...observation.alarms, ...others] };
}
