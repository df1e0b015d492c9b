/**
 * The policies `minimum` and `maximum`. They keep the capacity between the bounds in force, whatever the alarms report (R3, R19).
 *
 * @module
 */
import { boundsOf, capacityOf } from "../model/capacity.ts";
import type { FleetView } from "../model/observation.ts";
import type { BoundRecommendation, NoOpinion } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";
import { boundText } from "../words.ts";

/**
 * Recommends, at a reconcile, one instance more while the capacity is below the minimum, and one instance less while it is
 * above the maximum.
 */
export function boundsPolicy(trigger: Trigger, view: FleetView): BoundRecommendation | NoOpinion {
  if (trigger.kind !== "reconcile") {
    return { direction: "none", reason: "only a reconcile checks the bounds of the capacity." };
  }
  const { inService, joining } = capacityOf(view);
  const capacity = inService + joining;
  const { min, max } = boundsOf(view);
  const [least, most] = [min, max].map((bound) => boundText(bound, view.now));
  const shown = `Capacity is ${capacity} (${inService} in service and ${joining} joining)`;
  if (capacity < min.value) {
    return { policy: "minimum", direction: "out", reason: `${shown}, and min is ${least}.` };
  }
  if (capacity > max.value) {
    return { policy: "maximum", direction: "in", reason: `${shown}, and max is ${most}.` };
  }
  return { direction: "none", reason: `${shown}, which is within min ${least} and max ${most}.` };
}

/** Whether the capacity is below the minimum. */
export function isBelowMin(view: FleetView): boolean {
  return boundsPolicy({ kind: "reconcile" }, view).direction === "out";
}
