/**
 * The formula policy. It recommends the capacity that an expression over metrics gives, or keeps the capacity between a floor and a
 * ceiling that two expressions give.
 *
 * @module
 */
import { boundsOf, capacityOf } from "../model/capacity.ts";
import type { MetricReading } from "../model/load/view.ts";
import type { Observation } from "../model/observation.ts";
import type { FormulaSpec } from "../model/load/policy.ts";
import type { LoadAnswer } from "../model/recommendation.ts";
import { seconds, sentences } from "../words.ts";
import { compile, type Expression, ExpressionError } from "./expression.ts";

/** The names that every formula can use, besides the metrics of the setting `metrics`. */
export const BUILT_IN = ["cpu", "cpu_busiest", "current", "in_service", "min", "max"] as const;

/** The largest capacity that a formula can recommend, as of the settings `min` and `max`. */
const LARGEST = 100_000;

/** A result may differ by a rounding error: 0.1 * 30 must give 3 instances, and not 4. */
const ROUNDING = 1e-9;

/** The largest number of characters of a formula in a reason. */
const SHOWN = 80;

/** Returns the names that the formulas of a policy use. */
export function namesOf({ capacity, atLeast, atMost }: FormulaSpec): ReadonlySet<string> {
  const formulas = [capacity, atLeast, atMost].filter((formula) => formula !== undefined);
  return new Set(formulas.flatMap((formula) => compile(formula).names));
}

/**
 * Returns what the formula policy recommends. If a formula has no value, the policy asks at most for more: a floor counts also if the
 * ceiling has no value.
 *
 * @param asNow the present capacity plus the number of lost instances
 */
export function formulaPolicy(spec: FormulaSpec, observation: Observation, asNow: number): LoadAnswer {
  const answer = (capacity: number | undefined, ...reasons: string[]): LoadAnswer => ({
    policy: "formula",
    capacity,
    reason: sentences(...reasons),
  });
  const values = valuesOf(observation);
  const result = (formula: string | undefined) =>
    formula === undefined ? undefined : resultOf(formula, values, observation.now);
  const exact = result(spec.capacity);
  if (exact !== undefined) return answer(exact.capacity, exact.reason);
  const [floor, ceiling] = [result(spec.atLeast), result(spec.atMost)];
  if (floor?.capacity !== undefined && floor.capacity > asNow) {
    return answer(floor.capacity, floor.reason, `This is the least capacity, and capacity is ${asNow}.`);
  }
  const unknown = [floor, ceiling].find((it) => it !== undefined && it.capacity === undefined);
  if (unknown !== undefined) return answer(undefined, unknown.reason);
  if (ceiling?.capacity !== undefined && ceiling.capacity < asNow) {
    const most = Math.max(ceiling.capacity, floor?.capacity ?? 0);
    return answer(
      most,
      ceiling.reason,
      most === ceiling.capacity
        ? `This is the largest capacity, and capacity is ${asNow}.`
        : floor?.reason ?? "",
    );
  }
  const reasons = [floor, ceiling].map((it) => it?.reason ?? "");
  return answer(asNow, ...reasons, `Capacity is ${asNow}, which is within the formulas.`);
}

/** The result of a formula. */
interface Result {
  /** The capacity. Undefined if the formula has no value. */
  readonly capacity?: number;
  readonly reason: string;
}

/** Evaluates a formula. Fractions are rounded up. */
function resultOf(formula: string, values: ReadonlyMap<string, MetricReading>, now: number): Result {
  const text = formula.length > SHOWN ? `${formula.slice(0, SHOWN)}…` : formula;
  let expression: Expression;
  try {
    expression = compile(formula);
  } catch (error) {
    // Settings are checked when kas reads them. A record may contain a formula of another version of kas.
    if (!(error instanceof ExpressionError)) throw error;
    return { reason: `The formula ${text} has no value: ${error.message}.` };
  }
  const readings = expression.names.map((name) => ({ name, ...values.get(name) }));
  const missing = readings.filter(({ value }) => value === undefined || !Number.isFinite(value));
  if (missing.length > 0) {
    const why = missing.map(({ name, why }) => `${name} is unknown${why === undefined ? "" : `: ${why}`}`);
    return { reason: `The formula ${text} has no value: ${why.join("; ").replace(/\.$/, "")}.` };
  }
  const raw = expression.evaluate(
    Object.fromEntries(readings.map(({ name, value = NaN }) => [name, value])),
  );
  const inputs = readings.map(({ name, value = NaN, at }) =>
    `${name} is ${shown(value)}${at === undefined ? "" : `, ${seconds(Math.max(0, now - at))} old`}`
  );
  const given = inputs.length === 0 ? "" : `: ${inputs.join("; ")}`;
  if (!Number.isFinite(raw)) return { reason: `The formula ${text} gives no number${given}.` };
  const capacity = Math.min(Math.max(0, Math.ceil(raw - ROUNDING)), LARGEST);
  const rounded = capacity === raw ? shown(raw) : `${shown(raw)}, so ${capacity}`;
  return { capacity, reason: `The formula ${text} gives ${rounded}${given}.` };
}

/** Returns the value of each name that a formula can use. A built-in name has precedence over a metric. */
function valuesOf(observation: Observation): ReadonlyMap<string, MetricReading> {
  const { current, inService } = capacityOf(observation);
  const { min, max } = boundsOf(observation);
  const source = "the fleet";
  return new Map<string, MetricReading>([
    ...Object.entries(observation.metrics ?? {}),
    ["cpu", cpuOf(observation, "percent")],
    ["cpu_busiest", cpuOf(observation, "busiest")],
    ["current", { value: current, source }],
    ["in_service", { value: inService, source }],
    ["min", { value: min.value, source }],
    ["max", { value: max.value, source }],
  ]);
}

/** Returns the mean CPU of the newest long period, or the mean of the busiest CPUs. */
function cpuOf({ load }: Observation, key: "percent" | "busiest"): MetricReading {
  const source = load?.source ?? "the fleet";
  const newest = load?.long.findLast(({ served, percent }) => served > 0 && Number.isFinite(percent));
  if (newest === undefined) return { source, why: "kas has no current CPU of the fleet" };
  const value = newest[key];
  return value === undefined
    ? { source, why: "kas has no scrape that shows the busiest CPU" }
    : { value, at: newest.at + newest.span, source };
}

function shown(value: number): string {
  return `${Number(value.toPrecision(6))}`;
}
