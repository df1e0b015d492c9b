/**
 * The fleet's capacity, which is the number of instances in service or joining, and its bounds (R3).
 *
 * @module
 */
import { type ActivityOf, activityOf } from "./activity.ts";
import { exists, type Instance, type LifecycleStatus, lifecycleStatus } from "./instance.ts";
import type { FleetView, Observation } from "./observation.ts";

/** The capacity of the fleet, by lifecycle status. */
export interface Capacity {
  readonly inService: number;
  /** The number of joining instances. Launches whose instance EC2 does not show yet count too. */
  readonly joining: number;
}

/** Counts the capacity of the fleet. */
export function capacityOf(view: FleetView): Capacity {
  return {
    inService: instancesAt("in-service", view).length,
    joining: instancesAt("joining", view).length + unseenLaunches(view),
  };
}

/** Returns the instances that have a lifecycle status. */
export function instancesAt(status: LifecycleStatus, view: FleetView): Instance[] {
  const activity = activityOf(view);
  return view.instances.filter((instance) => lifecycleStatus(instance, activity(instance.id)) === status);
}

/** Returns the capacity of each zone, by the name of the zone. */
export function capacityByZone(
  instances: readonly Instance[],
  activity: ActivityOf,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const instance of instances) {
    const status = lifecycleStatus(instance, activity(instance.id));
    if (status !== "in-service" && status !== "joining") continue;
    counts.set(instance.zone, (counts.get(instance.zone) ?? 0) + 1);
  }
  return counts;
}

/**
 * Returns the number of all instances of the fleet, whatever their status, and of launches whose instance EC2 does not show
 * yet.
 */
export function fleetSize(view: FleetView): number {
  return view.instances.filter(exists).length + unseenLaunches(view);
}

/** Returns the maximum capacity: `--max`, or by default the number of all instances of the fleet. */
export function maxCapacity({ limits, instances }: Pick<Observation, "limits" | "instances">): number {
  return limits.max ?? instances.filter(exists).length;
}

/**
 * Returns the minimum capacity: `--min`, or by default the number of base and control instances, but at least 1. A control
 * instance that is not registered does not count, because it serves no requests.
 */
export function minCapacity({ limits, instances }: Pick<Observation, "limits" | "instances">): number {
  if (limits.min !== undefined) return limits.min;
  const alwaysOn = instances.filter((instance) =>
    exists(instance) &&
    (instance.role === "base" || (instance.role === "control" && instance.registration !== "none"))
  );
  return Math.max(1, alwaysOn.length);
}

/** Returns the number of launches in progress whose instance EC2 does not show yet. */
function unseenLaunches({ inProgress, instances }: FleetView): number {
  const seen = new Set<string | undefined>(instances.map(({ id }) => id));
  return inProgress.filter(({ kind, instance }) => kind === "launch" && !seen.has(instance)).length;
}
