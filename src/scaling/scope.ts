/**
 * Which data kas has to read for a decision.
 *
 * @module
 */
import { atBaseline } from "./checks/cpu_credits.ts";
import { checkProcessed } from "./checks/not_newest.ts";
import { DIRECTION } from "./model/activity.ts";
import { decide } from "./decide.ts";
import { lastCapacityChange } from "./model/change.ts";
import type { Instance } from "./model/instance.ts";
import { type Observation, type ProcessedChange, withLoad } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { fromNotification } from "./policies/alarms.ts";
import { sameAction } from "./replay.ts";

/**
 * The data that kas has to read. `nothing`: the trigger alone determines that there is no action. `instances`: the instances
 * and the trigger's own alarm, because no check for scaling out depends on another alarm. `everything`: also all alarms (R4),
 * and the CPU if {@linkcode dependsOnLoad} returns true.
 */
export type Scope = "nothing" | "instances" | "everything";

/** Returns which data kas has to read for a trigger. `processed` is the newest processed change of the trigger's alarm. */
export function scopeOf(trigger: Trigger, processed?: ProcessedChange): Scope {
  switch (trigger.kind) {
    case "reconcile":
    case "schedule":
    case "telemetry":
      return "everything";
    case "operator":
      return trigger.direction === "out" ? "instances" : "everything";
    case "notification": {
      const recommendation = fromNotification(trigger.alarm);
      if (recommendation.direction === "none") return "nothing";
      if (!checkProcessed(recommendation.alarm, processed).passed) return "nothing";
      return recommendation.direction === "in" ? "everything" : "instances";
    }
    default:
      return trigger satisfies never;
  }
}

/**
 * Whether the action depends on the CPU (R6). It does if kas would act differently when all instances are idle, when they are
 * saturated, or when the datapoints are from before the last change of capacity. kas reads the CPU only then, because
 * CloudWatch charges for each metric that kas reads.
 */
export function dependsOnLoad(trigger: Trigger, observation: Observation): boolean {
  const assumed = [
    withLoad(observation, 0, Infinity),
    withLoad(observation, 100, Infinity),
    withLoad(observation, 0, -Infinity),
  ];
  const [idle, ...others] = assumed.map((it) => decide(trigger, it));
  return idle !== undefined && others.some((other) => !sameAction(idle, other));
}

/**
 * Returns the time before which one datapoint of the CPU is enough for the decision: an older datapoint of any instance in service
 * holds a scale-in back (R6), whatever the CPU of the others is. Returns undefined if the decision may need the CPU of all: if
 * capacity has not changed, or if saturated instances would permit a start.
 */
export function staleBefore(trigger: Trigger, observation: Observation): number | undefined {
  const changed = lastCapacityChange(observation);
  if (changed === undefined) return undefined;
  const assumed = [
    withLoad(observation, 0, changed - 1),
    withLoad(observation, 100, changed - 1),
    withLoad(observation, 100, Infinity),
  ];
  const [idle, ...others] = assumed.map((it) => decide(trigger, it));
  return idle !== undefined && others.every((other) => sameAction(idle, other)) ? changed : undefined;
}

/** Returns the instances on whose CPU credits the decision depends. kas reads the credits only of these. */
export function dependsOnCredits(trigger: Trigger, observation: Observation): readonly Instance[] {
  const suspects = atBaseline(observation);
  if (suspects.length === 0) return [];
  const { actions } = decide(trigger, observation);
  return actions.some((action) => DIRECTION[action.kind] === "in" && !("unhealthy" in action))
    ? suspects
    : [];
}
