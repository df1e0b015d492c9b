/**
 * The target policy. It recommends the capacity that brings the metric to its target.
 *
 * @module
 */
import { settlingTime } from "../model/change.ts";
import { endOf, type LoadPoint } from "../model/load/view.ts";
import { type Observation, recent } from "../model/observation.ts";
import type { TargetSpec } from "../model/load/policy.ts";
import type { LoadAnswer } from "../model/recommendation.ts";
import { count, percent, seconds, sentences } from "../words.ts";
import { panicOf } from "./panic.ts";

/** How far the metric may be above or below its target before the policy asks for a change, as a share of the target. */
export const TOLERANCE = 0.1;

/**
 * Returns what the target policy recommends. The newest short period may ask for more. For less, the highest recommendation of the
 * stabilization window counts. Without data, and within the tolerance, the policy recommends the capacity as now.
 *
 * @param asNow the present capacity plus the number of lost instances
 */
export function targetPolicy(spec: TargetSpec, observation: Observation, asNow: number): LoadAnswer {
  const answer = (capacity: number, reason: string): LoadAnswer => ({ policy: "target", capacity, reason });
  const { load, now, limits } = observation;
  const isCurrent = (point: LoadPoint | undefined): point is LoadPoint =>
    point !== undefined && recent(endOf(point), point.span + settlingTime(limits), now);
  const known = (points: readonly LoadPoint[] = []) =>
    points.filter(({ percent, served }) => served > 0 && Number.isFinite(percent));
  const short = known(load?.short);
  const long = known(load?.long);
  const newest = short.at(-1);
  const fallback = load?.why ?? "";
  if (!isCurrent(newest)) return answer(asNow, sentences("kas has no current CPU of the fleet.", fallback));
  const panic = panicOf(short);
  const asked = neededFor(newest, spec);
  const measured = `CPU is ${percent(newest.percent)} on ${count(newest.served, "instance")} that served ${
    seconds(newest.span)
  }; the target is ${percent(spec.target)}.`;
  if (panic !== undefined && panic.capacity > Math.max(asked ?? 0, asNow)) {
    return answer(panic.capacity, sentences(panic.reason, fallback));
  }
  if (asked === undefined) {
    return answer(asNow, sentences(measured, `This is within ${TOLERANCE * 100} % of the target.`, fallback));
  }
  const reason = sentences(
    measured,
    `${count(asked, "instance")} ${asked === 1 ? "is" : "are"} needed.`,
    fallback,
  );
  if (asked >= asNow) return answer(asked, reason);
  const floor = highest(long, spec);
  if (floor === undefined) {
    return answer(
      asNow,
      sentences(reason, `kas waits until it knows the load of ${seconds(spec.stabilization)}.`),
    );
  }
  const least = Math.max(asked, floor, panic?.capacity ?? 0);
  if (least === asked) return answer(asked, reason);
  return answer(
    Math.min(least, asNow),
    sentences(reason, `The highest need of the last ${seconds(spec.stabilization)} was ${least}.`),
  );
}

/** Returns the capacity that brings the metric of a period to its target. Undefined if the metric is within the tolerance. */
export function neededFor(
  { percent, served }: LoadPoint,
  { target }: Pick<TargetSpec, "target">,
): number | undefined {
  if (Math.abs(percent / target - 1) <= TOLERANCE) return undefined;
  // Subtract a little because of rounding errors: a load for exactly n instances must give n, and not n + 1.
  return Math.max(0, Math.ceil((percent * served) / target - 1e-9));
}

/**
 * Returns the highest need of the stabilization window, which ends with the newest period. A period within the tolerance needs the
 * instances that served. Undefined if too much of the window is unknown: missing samples never ask for less.
 */
function highest(points: readonly LoadPoint[], spec: TargetSpec): number | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  const window = points.filter((point) => endOf(point) > endOf(newest) - Math.max(spec.stabilization, 1));
  const covered = window.reduce((sum, { span }) => sum + span, 0);
  if (covered < spec.stabilization - 2 * newest.span) return undefined;
  return Math.max(...window.map((point) => neededFor(point, spec) ?? point.served));
}
