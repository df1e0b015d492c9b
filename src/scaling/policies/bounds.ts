/**
 * The policies `minimum` and `maximum`: they keep the capacity between `--min` and `--max`, whatever the alarms report.
 *
 * @module
 */
import { capacityOf, maxCapacity, minCapacity } from "../model/capacity.ts";
import type { FleetView } from "../model/observation.ts";
import type { BoundRecommendation, NoOpinion } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";

/**
 * Recommends one instance more at a reconcile while the capacity is below the minimum, and one less while it is above the maximum. If the
 * minimum is greater than the maximum, the maximum counts.
 */
export function boundsPolicy(trigger: Trigger, view: FleetView): BoundRecommendation | NoOpinion {
  if (trigger.kind !== "reconcile") {
    return { direction: "none", reason: "bounds are checked at a reconcile." };
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
  return { direction: "none", reason: `${shown}, which is from min ${min} to max ${max}.` };
}

/** Whether the capacity is below the minimum. */
export function isBelowMin(view: FleetView): boolean {
  return boundsPolicy({ kind: "reconcile" }, view).direction === "out";
}
