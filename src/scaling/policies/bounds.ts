/**
 * The policies `minimum`, `maximum` and `replacement`. They keep the capacity between the bounds in force, and replace what the
 * fleet lost, whatever the alarms report (R3, R19, R21).
 *
 * @module
 */
import { type Bounds, boundsOf, type Capacity, capacityOf, instancesAt } from "../model/capacity.ts";
import type { Instance } from "../model/instance.ts";
import type { FleetView, Observation } from "../model/observation.ts";
import type { BoundRecommendation, ReplacementRecommendation } from "../model/recommendation.ts";
import { whyExempt } from "../selection/eligibility.ts";
import { boundText, count, someOf } from "../words.ts";

/** The capacity of the fleet, its bounds, and what it lost. */
export interface Standing {
  readonly now: number;
  readonly capacity: Capacity;
  readonly bounds: Bounds;
  /** The number of open losses. */
  readonly lost: number;
  /** The ids of joining instances whose lost instance serves again. */
  readonly surplus: readonly string[];
  /** The ids of lost instances that serve again, while another instance serves in the place of each. */
  readonly recovered: readonly string[];
}

/** Returns the capacity of the fleet, its bounds, and what it lost. */
export function standingOf(view: FleetView & Pick<Observation, "history">): Standing {
  const { now, history: { losses = [] } } = view;
  const joining = new Set(instancesAt("joining", view).filter(mayStop).map(({ id }) => id));
  const serving = new Set(instancesAt("in-service", view).map(({ id }) => id));
  return {
    now,
    capacity: capacityOf(view),
    bounds: boundsOf(view),
    lost: losses.filter(({ open, recovered }) => open && !recovered).length,
    surplus: losses.filter(({ recovered }) => recovered).flatMap(({ standIn }) =>
      standIn !== undefined && joining.has(standIn) ? [standIn] : []
    ),
    recovered: losses.filter(({ recovered, standIn, instance }) =>
      recovered && standIn === undefined && serving.has(instance)
    ).map(({ instance }) => instance),
  };
}

/** Whether kas may stop an instance before it is in service. */
function mayStop(instance: Instance): boolean {
  return whyExempt(instance) === undefined && !instance.protected && instance.refusesStop === undefined;
}

/** Describes a capacity: `3 (2 in service and 1 joining)`. */
export function capacityText({ current, inService, failing, joining }: Capacity): string {
  return failing === 0
    ? `${current} (${inService} in service and ${joining} joining)`
    : `${current} (${inService} in service, ${failing} failing and ${joining} joining)`;
}

/** Recommends to start instances up to the minimum. */
export function toMinimum(
  { now, capacity, bounds: { min } }: Standing,
  missing: number,
): BoundRecommendation {
  const reason = `Capacity is ${capacityText(capacity)}, and min is ${boundText(min, now)}.`;
  return { policy: "minimum", direction: "out", count: missing, reason };
}

/** Recommends to stop the instances above the minimum. Without a load policy, the fleet follows its schedules down too (R19). */
export function downToMinimum(
  { now, capacity, bounds: { min } }: Standing,
  surplus: number,
): BoundRecommendation {
  const reason = `Capacity is ${capacityText(capacity)}, and min is ${
    boundText(min, now)
  }. The fleet has schedules and no load policy.`;
  return { policy: "minimum", direction: "in", count: surplus, reason };
}

/** Recommends to stop the instances above the maximum. */
export function toMaximum(
  { now, capacity, bounds: { max } }: Standing,
  surplus: number,
): BoundRecommendation {
  const reason = `Capacity is ${capacityText(capacity)}, and max is ${boundText(max, now)}.`;
  return { policy: "maximum", direction: "in", count: surplus, reason };
}

/** Recommends to cancel the start of a replacement, because the lost instance serves again. */
export function notNeeded(instance: string): ReplacementRecommendation {
  return {
    policy: "replacement",
    direction: "in",
    count: 1,
    instance,
    reason: `${instance} is starting in the place of an instance that serves again.`,
  };
}

/** Recommends to stop an instance, because a lost instance serves again beside its replacement. Prefers the lost instance. */
export function oneTooMany(instance: string): ReplacementRecommendation {
  return {
    policy: "replacement",
    direction: "in",
    count: 1,
    instance,
    reason: `${instance} serves again, and another instance serves in its place.`,
  };
}

/** Recommends to start instances in the place of those that the fleet lost. */
export function inPlaceOfLost(
  { history: { losses = [] } }: Pick<Observation, "history">,
  missing: number,
): ReplacementRecommendation {
  const open = losses.filter((loss) => loss.open && !loss.recovered).map(({ instance }) => instance);
  return {
    policy: "replacement",
    direction: "out",
    count: missing,
    reason: `The fleet lost ${count(open.length, "instance")}: ${someOf(open, 3)}.`,
  };
}
