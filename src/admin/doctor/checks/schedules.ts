/**
 * What schedules ask for that the fleet cannot do. The check `bounds` reports it.
 *
 * @module
 */
import { isoTime } from "../../../cli/format.ts";
import type { Overlap, Schedules } from "../../../settings/schedules/schedules.ts";
import { failed, type Finding, warning } from "../check.ts";

/** How far ahead doctor searches for overlaps, in ms: 31 days. */
const SPAN = 31 * 86_400_000;

/** The bounds outside of windows, and what limits them. */
export interface FleetBounds {
  /** `--min`. Absent: the default. */
  readonly min: number | undefined;
  /** `--max`, or its default. */
  readonly max: number;
  /** The number of base and control instances, which kas never stops. */
  readonly alwaysOn: number;
  /** The number of all instances. */
  readonly size: number;
  /** Whether kas may launch instances. */
  readonly grows: boolean;
}

/** Returns the findings for each schedule alone, and for the schedules that overlap. */
export function scheduleFindings(schedules: Schedules, bounds: FleetBounds, now: number): Finding[] {
  const own = schedules.list.map((schedule) => findingOf(schedule, bounds));
  const findings = own.filter((finding) => finding !== undefined);
  // If one schedule contradicts the fleet, each overlap of this schedule would report the same problem again.
  const consistent = new Set(
    schedules.list.filter((_, i) => own[i] === undefined).map(({ name }) => name),
  );
  const overlaps = schedules.overlaps(now, SPAN).filter(({ names }) =>
    names.every((name) => consistent.has(name))
  );
  return [...findings, ...overlaps.flatMap(overlapFinding)];
}

/** A schedule's bounds, and its name. */
interface ScheduleBounds {
  readonly name: string;
  readonly min?: number;
  readonly max?: number;
}

/** Returns the finding for the windows of one schedule, or undefined if the fleet can have the capacity that they ask for. */
function findingOf({ name, min, max }: ScheduleBounds, fleet: FleetBounds): Finding | undefined {
  const title = `in the windows of schedule ${name}`;
  if (min !== undefined && min > fleet.size && !fleet.grows) {
    return failed(
      `${title} min is ${min}, but the fleet has ${fleet.size} instances`,
      `a smaller min of schedule ${name}, or more nodes: kas admin instances create`,
    );
  }
  if (max !== undefined && max < fleet.alwaysOn) {
    return warning(
      `${title} max is ${max}, but kas never stops the ${fleet.alwaysOn} base and control instances`,
      `a max of ${fleet.alwaysOn} or more for schedule ${name}`,
    );
  }
  if (min !== undefined && max === undefined && min > fleet.max) {
    return warning(
      `${title} min is ${min}, above max ${fleet.max} of the fleet, and the maximum applies`,
      `a max for schedule ${name} too`,
    );
  }
  if (max !== undefined && min === undefined && fleet.min !== undefined && max < fleet.min) {
    return warning(
      `${title} max is ${max}, below min ${fleet.min} of the fleet, and the maximum applies`,
      `a min for schedule ${name} too`,
    );
  }
  return undefined;
}

/** Returns the finding for two schedules that overlap, if their bounds contradict each other. */
function overlapFinding({ names, at, min, max }: Overlap): Finding[] {
  if (min === undefined || max === undefined || min <= max) return [];
  const detail = `the schedules ${names.join(" and ")} overlap, for the first time at ${isoTime(at)}: ` +
    `min ${min} is above max ${max}, and the maximum applies`;
  return [warning(detail, "other times or bounds of these schedules")];
}
