/**
 * Tries other values of the metrics of formulas.
 *
 * @module
 */
import { policyOf } from "../model/load/policy.ts";
import type { Observation } from "../model/observation.ts";
import { namesOf } from "../policies/formula.ts";
import { type Changes, ladder } from "./change.ts";

/** The largest number of metrics whose values are tried. */
const MOST_METRICS = 3;

/** A metric is tried up to this many times its value, and at least up to this value. */
const TIMES = 10;

/** Tries a higher and a lower value of each metric that a formula uses. */
export function metricValues(observation: Observation): Changes[] {
  const { metrics = {}, limits } = observation;
  const formula = policyOf(limits, "formula");
  if (formula === undefined) return [];
  const used = [...namesOf(formula)].flatMap((name) => {
    const reading = metrics[name];
    const { value = NaN } = reading ?? {};
    return reading === undefined || !Number.isFinite(value) ? [] : [{ name, reading, value }];
  });
  return used.slice(0, MOST_METRICS).flatMap(({ name, reading, value }) => {
    const changed = (other: number) => ({
      change: `with ${name} at ${Number(other.toPrecision(6))} instead of ${Number(value.toPrecision(6))}`,
      observation: { ...observation, metrics: { ...metrics, [name]: { ...reading, value: other } } },
    });
    const largest = Math.max(TIMES, Math.abs(value) * TIMES);
    const per = stepsPerUnit(value);
    return [
      ladder(value, largest, per, changed),
      ladder(value, value < 0 ? -largest : 0, per, changed),
    ];
  });
}

/**
 * Returns how many steps there are between two whole numbers: 1 for a whole number and from 100 on, and more for smaller fractions. From
 * 10^8 on the steps are larger than 1, because the search counts them with 31 bits.
 */
function stepsPerUnit(value: number): number {
  const digits = Math.floor(Math.log10(Math.max(Math.abs(value), 0.001)));
  if (digits >= 8) return 10 ** (7 - digits);
  return Number.isInteger(value) || digits >= 2 ? 1 : 10 ** (2 - digits);
}
