/**
 * The fleet's capacity, which is the number of instances in service, failing or joining, and its bounds (R3).
 *
 * @module
 */
import { type ActivityOf, activityOf } from "./activity.ts";
import { exists, type Instance, type LifecycleStatus, lifecycleStatus } from "./instance.ts";
import type { Window } from "./limits.ts";
import type { BoundsView, FleetView } from "./observation.ts";

/** The capacity of the fleet, by lifecycle status. */
export interface Capacity {
  /** The present capacity: the sum of the other three numbers. */
  readonly current: number;
  readonly inService: number;
  /** The number of instances that have been failing for less than `--unhealthy-after` (R21). */
  readonly failing: number;
  /** The number of joining instances. Launches whose instance EC2 does not show yet count too. */
  readonly joining: number;
}

/** Counts the capacity of the fleet. */
export function capacityOf(view: FleetView): Capacity {
  const inService = instancesAt("in-service", view).length;
  const failing = instancesAt("failing", view).length;
  const joining = instancesAt("joining", view).length + unseenLaunches(view);
  return { current: inService + failing + joining, inService, failing, joining };
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
    if (status !== "in-service" && status !== "failing" && status !== "joining") continue;
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

/** A bound of the capacity. */
export interface Bound {
  readonly value: number;
  /** The windows of schedules that set the bound. Empty if no window sets it. */
  readonly windows: readonly Window[];
}

/** The bounds of the capacity. The minimum is at most the maximum. */
export interface Bounds {
  readonly min: Bound;
  readonly max: Bound;
}

/**
 * Returns the bounds in force (R3, R19). In open windows, the largest minimum and the smallest maximum replace the configured
 * bounds. A larger minimum of a coming window is in force already, and if no open window sets a maximum, so is that window's own
 * larger maximum. If the minimum is greater than the maximum, the maximum counts.
 */
export function boundsOf(view: BoundsView): Bounds {
  const { now, windows = [] } = view;
  const open = windows.filter(({ begins, ends }) => begins <= now && now < ends);
  const coming = windows.filter(({ begins }) => begins > now);
  const present = extreme(open, "min", Math.max) ?? { value: configuredMin(view), windows: [] };
  const next = extreme(coming, "min", Math.max);
  const min = next !== undefined && next.value > present.value ? next : present;
  const configured = { value: configuredMax(view), windows: [] };
  const own = min === next ? extreme(next.windows, "max", Math.min) : undefined;
  const max = extreme(open, "max", Math.min) ??
    (own !== undefined && own.value > configured.value ? own : configured);
  return { min: min.value > max.value ? max : min, max };
}

/** Returns the largest or smallest bound of windows, or undefined if none of them sets the bound. */
function extreme(
  windows: readonly Window[],
  bound: "min" | "max",
  pick: (...values: number[]) => number,
): Bound | undefined {
  const values = windows.flatMap((window) => window[bound] ?? []);
  if (values.length === 0) return undefined;
  const value = pick(...values);
  return { value, windows: windows.filter((window) => window[bound] === value) };
}

/** Returns `--max`, or by default the number of all instances of the fleet. */
function configuredMax({ limits, instances }: BoundsView): number {
  return limits.max ?? instances.filter(exists).length;
}

/**
 * Returns `--min`, or by default the number of base and control instances, but at least 1. A control instance that is not
 * registered does not count, because it serves no requests.
 */
function configuredMin({ limits, instances }: BoundsView): number {
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
