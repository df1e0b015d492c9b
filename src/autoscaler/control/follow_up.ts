/**
 * Whether and when a reconciliation has to follow soon, because more is due than the last evaluation did.
 *
 * @module
 */
import { decide } from "../../scaling/decide.ts";
import type { Decision } from "../../scaling/model/decision.ts";
import type { Observation, Override } from "../../scaling/model/observation.ts";
import { nextAttempt } from "../../scaling/selection/launch_pause.ts";
import type { Activity } from "../store/activities.ts";

/** Whether a trigger other than a reconcile left something to do: the capacity is outside its bounds, or the fleet lost instances. */
export function hasMoreToDo(observation: Observation): boolean {
  const { recommendations } = decide({ kind: "reconcile" }, observation);
  return recommendations.some(({ policy }) => policy !== "alarms");
}

/**
 * Returns after how many ms kas may start what is missing to the minimum, or in the place of a lost instance, if all nodes wait because
 * their starts failed. Returns `Infinity` if nothing waits.
 */
export function retryIn({ checks, recommendations }: Decision, observation: Observation): number {
  const [first] = recommendations;
  const isMissing = first?.direction === "out" && first.policy !== "alarms";
  if (!isMissing || !checks.includes("no-standby")) return Infinity;
  return (nextAttempt(observation) ?? Infinity) - observation.now;
}

/**
 * Whether the end of an activity may make the next step due: the activity failed, or the fleet is replacing instances or changing
 * to a capacity that an operator asked for.
 *
 * @param observation the last observation
 */
export function mayContinue(
  { status }: Pick<Activity, "status">,
  observation: Observation | undefined,
  override: Override | undefined,
): boolean {
  const { instances = [], history: { losses = [] } = {} } = observation ?? {};
  const replaces = losses.length > 0 || instances.some(({ health }) => health === "unhealthy");
  return status === "failed" || replaces || override !== undefined;
}
