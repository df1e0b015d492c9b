/**
 * How much of the fleet a decision has to look at.
 *
 * @module
 */
import { checkProcessed } from "./checks/freshness.ts";
import type { ProcessedChange } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { fromNotification } from "./policies/alarms.ts";

/**
 * `nothing`: the trigger alone decides that there is no action. `instances`: the instances and the trigger's own alarm, as no
 * check of scaling out looks at another alarm or at the load. `everything`: every alarm and the load as well (R4, R6).
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
