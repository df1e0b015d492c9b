/**
 * The operator policy. It recommends the change of capacity that a person asked for with `kas admin scale`.
 *
 * @module
 */
import { type Capacity, capacityOf } from "../model/capacity.ts";
import { DIRECTION, type Direction } from "../model/activity.ts";
import type { FleetView, Observation, Override } from "../model/observation.ts";
import type { NoOpinion, OperatorRecommendation } from "../model/recommendation.ts";
import type { CapacityTrigger, OperatorTrigger } from "../model/trigger.ts";
import { count as counted, iso } from "../words.ts";
import { capacityText } from "./bounds.ts";

/** Returns the change of capacity that an operator asks for. */
export function operatorPolicy(
  trigger: OperatorTrigger | CapacityTrigger,
  capacity: Capacity,
): OperatorRecommendation | NoOpinion {
  if (trigger.direction === "to") {
    return towards(trigger.capacity, capacity, `An operator asked for a capacity of ${trigger.capacity}.`);
  }
  const { direction, instance, count = 1 } = trigger;
  const what = instance !== undefined
    ? `${direction === "out" ? "start" : "stop"} ${instance}`
    : `scale ${direction}${count === 1 ? "" : ` by ${counted(count, "instance")}`}`;
  return {
    policy: "operator",
    direction,
    count,
    ...(instance === undefined ? {} : { instance }),
    reason: `An operator asked to ${what}.`,
  };
}

/** Returns the override that is in force. */
export function overrideOf(
  { override, now }: Pick<Observation, "override" | "now">,
): Override | undefined {
  return override !== undefined && now < override.until ? override : undefined;
}

/** Whether the fleet has the capacity that an operator asked for, in service. */
export function hasReached({ capacity }: Override, view: FleetView): boolean {
  const { inService, joining } = capacityOf(view);
  return inService === capacity && joining === 0 &&
    !view.inProgress.some(({ kind }) => DIRECTION[kind] === "in");
}

/** Returns the change of capacity that an override asks for. */
export function overridePolicy(
  { capacity: wanted, until, once }: Override,
  capacity: Capacity,
): OperatorRecommendation | NoOpinion {
  const end = once ? "" : ` until ${iso(until)}`;
  return towards(wanted, capacity, `An operator asked for a capacity of ${wanted}${end}.`);
}

function towards(wanted: number, capacity: Capacity, reason: string): OperatorRecommendation | NoOpinion {
  const { current } = capacity;
  if (wanted === current) {
    return { direction: "none", reason: `${reason} Capacity is ${capacityText(capacity)}.` };
  }
  const direction: Direction = wanted > current ? "out" : "in";
  return { policy: "operator", direction, count: Math.abs(wanted - current), reason };
}
