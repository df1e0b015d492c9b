/**
 * What kas asks for when the instances are saturated. Their CPU then hides how large the load is. Source: Knative's panic mode.
 *
 * @module
 */
import { endOf, type LoadPoint } from "../model/load/view.ts";
import { count, percent, seconds } from "../words.ts";

/** The lowest mean CPU of saturated instances, in percent. A saturated instance shows a little less than 100 %. */
const SATURATED = 96;

/**
 * How long saturated periods must follow one another, in ms: three periods of 10 s, or one of 60 s. A single short period may be
 * saturated by chance.
 */
const SATURATED_FOR = 30_000;

/** How long the policies ask for twice the saturated instances, in ms. */
const PANIC = 120_000;

/** A capacity for a load of unknown size. */
export interface Panic {
  readonly capacity: number;
  /** Why, in a sentence. */
  readonly reason: string;
}

/**
 * Returns twice the number of instances that were saturated within the two minutes before the newest period ended. The time counts in
 * the data, which may be minutes late. Counts the instances that served in that period: if those that came since counted too, kas
 * would double the capacity twice for one saturation.
 *
 * @param points short periods, the oldest first
 */
export function panicOf(points: readonly LoadPoint[]): Panic | undefined {
  const newest = points.at(-1);
  if (newest === undefined) return undefined;
  let began: number | undefined;
  let found: LoadPoint | undefined;
  for (const point of points) {
    if (point.percent < SATURATED) began = undefined;
    else {
      began ??= point.at;
      const isLong = endOf(point) - began >= SATURATED_FOR;
      const isRecent = endOf(point) > endOf(newest) - PANIC;
      if (isLong && isRecent && point.served >= (found?.served ?? 0)) found = point;
    }
  }
  if (found === undefined) return undefined;
  return {
    capacity: 2 * found.served,
    reason: `CPU was ${percent(found.percent)} on ${
      count(found.served, "instance")
    }: such a load may be of any size, so kas asks for twice as many for ${seconds(PANIC)}.`,
  };
}
