/**
 * The bounds of the capacity that the plan of a lab sets, computed without code of the autoscaler.
 *
 * @module
 */
import type { Truth } from "./cloud.ts";
import type { FleetPlan } from "./fleet_plan.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The longest time before a window begins in which its larger bounds may apply, in ms. */
const LONGEST_LEAD = 30 * MINUTE;

/** The bounds of the capacity. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** The bounds of a schedule whose window is open or comes. */
type WindowBounds = Partial<Bounds>;

/**
 * Returns the widest bounds that applied in the last `before` ms: the least minimum and the largest maximum. If a minimum is
 * greater than the maximum, the maximum counts.
 *
 * @param now the time on the autoscaler's clock, in ms since the epoch
 */
export function widestBounds(
  plan: FleetPlan,
  fleet: readonly Truth[],
  now: number,
  before: number,
): Bounds {
  const all = [now - before, now].map((at) => boundsAt(plan, fleet, at));
  return { min: Math.min(...all.map(({ min }) => min)), max: Math.max(...all.map(({ max }) => max)) };
}

/** Returns the least minimum and the largest maximum at a time: a window that comes soon may raise both. */
function boundsAt(plan: FleetPlan, fleet: readonly Truth[], at: number): Bounds {
  const { min, max } = configuredBounds(plan, fleet);
  const open = windowsOpen(plan, at, at);
  const mins = open.flatMap((window) => window.min ?? []);
  const maxes = open.flatMap((window) => window.max ?? []);
  const coming = windowsOpen(plan, at, at + LONGEST_LEAD).flatMap((window) => window.max ?? []);
  const least = maxes.length > 0 ? Math.min(...maxes) : max;
  return {
    min: Math.min(mins.length > 0 ? Math.max(...mins) : min, least),
    max: maxes.length > 0 ? least : Math.max(least, ...coming),
  };
}

/** Returns the bounds outside of windows. */
function configuredBounds({ limits }: FleetPlan, fleet: readonly Truth[]): Bounds {
  const alwaysOn = fleet.filter(({ role, registration }) =>
    role === "base" || (role === "control" && registration !== "none")
  );
  const max = limits.max ?? fleet.length;
  return { min: Math.min(limits.min ?? Math.max(1, alwaysOn.length), max), max };
}

/** Returns the bounds of the schedules of which a window is open at any time between two times. */
function windowsOpen({ schedules }: FleetPlan, from: number, until: number): WindowBounds[] {
  return (schedules?.list ?? []).filter(({ cron, duration }) => {
    const begins = hourlyMinute(cron) * MINUTE;
    // The windows of a lab begin once an hour, and end within the hour.
    const sinceBegin = ((from - begins) % HOUR + HOUR) % HOUR;
    return sinceBegin < duration || HOUR - sinceBegin <= until - from;
  });
}

/** Returns the minute of an expression that fires once an hour. */
function hourlyMinute(cron: string): number {
  const [, minute] = /^(\d+) \* \* \* \*$/.exec(cron) ?? [];
  if (minute === undefined) throw new Error(`The referee knows only hourly schedules, not ${cron}`);
  return Number(minute);
}
