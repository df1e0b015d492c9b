/**
 * Judges a policy against EC2 target tracking. A policy has a knob, such as the risk, that trades under-provisioned time for
 * over-provisioning. The judge compares the two policies at equal over-provisioning, and at equal under-provisioned time. It
 * interpolates between the knob's values.
 *
 * @module
 */
import type { Measures } from "../../src/scaling/simulate/measures.ts";

/** A result of a policy with one value of its knob. */
export type Result = Pick<Measures, "under" | "over" | "starts">;

/** How a policy compares with its peer: ratios, so that less than 1 is better than the peer. */
export interface Ratios {
  /** Under-provisioned time at equal over-provisioning. */
  readonly under: number;
  /** Over-provisioning at equal under-provisioned time. */
  readonly over: number;
  /** Starts at equal over-provisioning. */
  readonly starts: number;
}

/**
 * The least values that count: a minute, an instance-minute and one start. Without them, a ratio to a peer that is never short would
 * have no value.
 */
const LEAST: Result = { under: 60, over: 60, starts: 1 };

/**
 * Compares the results of a policy with the results of its peer on one load. Each ratio is the geometric mean over the peer's results
 * with which the policy can be compared: a result is left out if the policy is never as cheap, or never as safe. NaN without any.
 */
export function compare(policy: readonly Result[], peer: readonly Result[]): Ratios {
  const byOver = policy.toSorted((a, b) => a.over - b.over);
  const byUnder = policy.toSorted((a, b) => a.under - b.under);
  const at = (sorted: readonly Result[], by: "under" | "over", of: keyof Result) => (result: Result) => {
    const value = interpolated(sorted.map((it) => [it[by], it[of]]), result[by]);
    return value === undefined ? [] : [Math.max(value, LEAST[of]) / Math.max(result[of], LEAST[of])];
  };
  return {
    under: geometricMean(peer.flatMap(at(byOver, "over", "under"))),
    over: geometricMean(peer.flatMap(at(byUnder, "under", "over"))),
    starts: geometricMean(peer.flatMap(at(byOver, "over", "starts"))),
  };
}

/**
 * Returns the value of a curve at a place. Beyond the curve's end, it is the value at the end. Before its beginning, the curve has no
 * value: the policy would have to be cheaper or safer than it can be.
 *
 * @param points the points of the curve, by their place
 */
export function interpolated(
  points: readonly (readonly [place: number, value: number])[],
  place: number,
): number | undefined {
  const after = points.findIndex(([at]) => at >= place);
  if (after < 0) return points.at(-1)?.[1];
  const [x1, y1] = points[after] ?? [0, 0];
  const before = points[after - 1];
  if (before === undefined) return x1 === place ? y1 : undefined;
  const [x0, y0] = before;
  return y0 + ((y1 - y0) * (place - x0)) / (x1 - x0);
}

/** Returns the geometric mean. NaN for no values. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
