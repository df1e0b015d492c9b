/**
 * The operator policy. It recommends the change of capacity that a person asked for with `kas admin scale`.
 *
 * @module
 */
import { boundsOf, type Capacity, capacityOf } from "../model/capacity.ts";
import { DIRECTION, type Direction } from "../model/activity.ts";
import type { BoundsView, FleetView, Observation, Override } from "../model/observation.ts";
import type { NoOpinion, OperatorRecommendation } from "../model/recommendation.ts";
import type { CapacityTrigger, OperatorTrigger } from "../model/trigger.ts";
import { boundText, count as counted, iso, sentences } from "../words.ts";
import { capacityText } from "./bounds.ts";

/** Returns the change of capacity that an operator asks for. */
export function operatorPolicy(
  trigger: OperatorTrigger | CapacityTrigger,
  view: FleetView,
): OperatorRecommendation | NoOpinion {
  if (trigger.direction === "to") {
    const asked = askedFor(trigger.capacity, trigger.until);
    const refusal = whyOutOfBounds(trigger.capacity, view);
    return refusal === undefined
      ? towards(trigger.capacity, capacityOf(view), asked)
      : { direction: "none", reason: sentences(asked, refusal) };
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

/** Returns, in a sentence, why kas refuses a capacity: it is outside the bounds in force. Undefined if kas accepts it. */
export function whyOutOfBounds(capacity: number, view: BoundsView): string | undefined {
  const { min, max } = boundsOf(view);
  if (capacity >= min.value && capacity <= max.value) return undefined;
  return `${capacity} is outside the bounds: min is ${boundText(min, view.now)}, and max is ${
    boundText(max, view.now)
  }.`;
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
  return towards(wanted, capacity, overrideSentence({ capacity: wanted, until, once }));
}

/** Describes an override in a sentence. */
export function overrideSentence({ capacity, until, once }: Omit<Override, "since">): string {
  return askedFor(capacity, once ? undefined : until);
}

function askedFor(capacity: number, until: number | undefined): string {
  return `An operator asked for a capacity of ${capacity}${
    until === undefined ? "" : ` until ${iso(until)}`
  }.`;
}

function towards(wanted: number, capacity: Capacity, reason: string): OperatorRecommendation | NoOpinion {
  const { current } = capacity;
  if (wanted === current) {
    return { direction: "none", reason: `${reason} Capacity is ${capacityText(capacity)}.` };
  }
  const direction: Direction = wanted > current ? "out" : "in";
  return { policy: "operator", direction, count: Math.abs(wanted - current), reason };
}
