/**
 * How much of the fleet a decision has to look at.
 *
 * @module
 */
import { atBaseline } from "./checks/cpu_credits.ts";
import { checkProcessed } from "./checks/not_newest.ts";
import { decide } from "./decide.ts";
import type { Instance } from "./model/instance.ts";
import { type Observation, type ProcessedChange, withLoad } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { fromNotification } from "./policies/alarms.ts";
import { sameAction } from "./replay.ts";

/**
 * `nothing`: the trigger alone decides that there is no action. `instances`: the instances and the trigger's own alarm, as no
 * check of scaling out looks at another alarm. `everything`: every alarm as well (R4), and the load where the decision depends
 * on it: {@linkcode dependsOnLoad}.
 */
export type Scope = "nothing" | "instances" | "everything";

/** What has to be observed for a trigger, given the newest processed change of its alarm. */
export function scopeOf(trigger: Trigger, processed?: ProcessedChange): Scope {
  switch (trigger.kind) {
    case "reconcile":
      return "everything";
    case "operator":
      return trigger.direction === "in" ? "everything" : "instances";
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
 * Whether an action depends on the load: the action differs between instances that are idle, saturated, or measured before the
 * last change of capacity (R6). kas reads the load only then, because CloudWatch bills each metric that it is asked for.
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

/** The instances whose CPU credits the decision depends on. Without any the credits are not read. */
export function dependsOnCredits(trigger: Trigger, observation: Observation): readonly Instance[] {
  const suspects = atBaseline(observation);
  if (suspects.length === 0) return [];
  const { kind } = decide(trigger, observation);
  return kind === "stop" || kind === "terminate" ? suspects : [];
}
