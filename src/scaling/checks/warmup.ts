/**
 * R5: the check `warm-up`. An instance that came into service recently does not cause scaling, and kas does not stop it.
 *
 * @module
 */
import type { AlarmName } from "../model/alarm.ts";
import { isSettling } from "../model/change.ts";
import type { FleetIndex } from "../model/fleet_index.ts";
import { lifecycleStatus } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { seconds } from "../words.ts";
import { type Check, hold, type InContext, pass } from "./check.ts";

/**
 * Returns, in a sentence, why the alarm of an instance says nothing about the fleet's load. Booting uses CPU, and metrics
 * arrive late. So after a start neither high nor low CPU shows the load. There is one exception: an instance may fail its
 * health check because it is overloaded, so its high CPU does show the load.
 *
 * @returns undefined if the alarm shows the load, or if it is not the alarm of an instance of the fleet
 */
export function whyNoSign(
  { kind, dimension }: Pick<AlarmName, "kind" | "dimension">,
  observation: Observation,
  index: FleetIndex,
): string | undefined {
  if (kind === "reqcount") return undefined;
  const instance = index.instance(dimension);
  if (instance === undefined) return undefined;
  const { id, state, registration } = instance;
  const activity = index.activity(id);
  const status = lifecycleStatus(instance, activity);
  const isFailing = state === "running" && registration === "out-of-service" && activity === undefined &&
    status !== "unhealthy";
  const serves = status === "in-service" || (status === "failing" && registration === "in-service");
  if (!serves && !(kind === "cpuhigh" && isFailing)) {
    return `${kind} on ${id} says nothing about the fleet's load: the instance is not in service.`;
  }
  if (!isSettling(instance, observation)) return undefined;
  const { warmup, metricDelay = 0 } = observation.limits;
  const late = metricDelay === 0 ? "" : ` and the metric delay of ${seconds(metricDelay)}`;
  return `${kind} on ${id} says nothing about the fleet's load: the instance has been in service for less than the warm-up of ${
    seconds(warmup)
  }${late}.`;
}

/** R5: passes if one of the candidates has been in service for at least the warm-up. */
export const candidateWarmUp: Check<InContext> = {
  name: "warm-up",
  condition: "a candidate is warm",
  check: ({ observation: { limits }, selection: { candidates, instance } }) => {
    if (candidates.length === 0) return undefined;
    if (instance !== undefined) return pass();
    const ids = candidates.map(({ id }) => id).join(", ");
    const have = candidates.length === 1 ? "has" : "have";
    return hold(`${ids} ${have} been in service for less than the warm-up of ${seconds(limits.warmup)}.`);
  },
};
