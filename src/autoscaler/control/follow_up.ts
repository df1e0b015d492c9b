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
import type { Journal } from "../store/journal.ts";
import { wishesOf } from "./override.ts";

/** Whether a reconcile would change the fleet for another reason than alarms, for example because the fleet lost an instance. */
export function hasMoreToDo(observation: Observation): boolean {
  const { recommendations } = decide({ kind: "reconcile" }, observation);
  return recommendations.some(({ policy }) => policy !== "alarms");
}

/**
 * Whether kas would change the fleet because of its load.
 *
 * @param observation the last observation, with the load of now
 * @param journal has the activities that began since the observation
 */
export function asksForChange(
  observation: Observation,
  journal: Pick<Journal, "inProgress" | "history" | "operatorPauses" | "overrides">,
): boolean {
  const { now } = observation;
  const { actions } = decide({ kind: "telemetry" }, {
    ...observation,
    inProgress: journal.inProgress(),
    history: journal.history(now),
    ...wishesOf(journal, now),
  });
  return actions.length > 0;
}

/**
 * Returns after how many ms kas may start an instance that the minimum requires, or that replaces a lost instance, if all nodes are
 * paused because their starts failed. Returns `Infinity` if kas waits for no pause.
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
