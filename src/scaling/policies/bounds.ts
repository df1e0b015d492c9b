/**
 * The policies `minimum` and `maximum`. They keep the capacity between `--min` and `--max`, whatever the alarms report (R3).
 *
 * @module
 */
import { capacityOf, maxCapacity, minCapacity } from "../model/capacity.ts";
import type { FleetView } from "../model/observation.ts";
import type { BoundRecommendation, NoOpinion } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";

/**
 * Recommends, at a reconcile, one instance more while the capacity is below the minimum, and one instance less while it is
 * above the maximum. If the minimum is greater than the maximum, the maximum counts as the minimum too.
 */
export function boundsPolicy(trigger: Trigger, view: FleetView): BoundRecommendation | NoOpinion {
  if (trigger.kind !== "reconcile") {
    return { direction: "none", reason: "only a reconcile checks the bounds of the capacity." };
  }
  const { inService, joining } = capacityOf(view);
  const capacity = inService + joining;
  const max = maxCapacity(view);
  const min = Math.min(minCapacity(view), max);
  const shown = `Capacity is ${capacity} (${inService} in service and ${joining} joining)`;
  if (capacity < min) {
    return { policy: "minimum", direction: "out", reason: `${shown}, and min is ${min}.` };
  }
  if (capacity > max) {
    return { policy: "maximum", direction: "in", reason: `${shown}, and max is ${max}.` };
  }
  return { direction: "none", reason: `${shown}, which is within min ${min} and max ${max}.` };
}

/** Whether the capacity is below the minimum. */
export function isBelowMin(view: FleetView): boolean {
  return boundsPolicy({ kind: "reconcile" }, view).direction === "out";
}
