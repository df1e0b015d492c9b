/**
 * Evaluates the state of an alarm from datapoints, with CloudWatch's rules for M of N datapoints and for missing data.
 *
 * CloudWatch reads an evaluation range of more than N periods, and evaluates the N newest datapoints in this range. If the
 * range has fewer than N datapoints, CloudWatch fills the gaps according to the alarm's treatMissingData. With the setting
 * `missing`, CloudWatch also raises an alarm if every datapoint is breaching and the oldest one is at least M periods old.
 *
 * Source: CloudWatch user guide, "Evaluating an alarm", "Configuring how CloudWatch alarms treat missing data" and
 * "Avoiding premature transitions to alarm state".
 *
 * @module
 */

/** CloudWatch's alarm states. */
export const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;
/** Name of an alarm state. */
export type State = typeof STATES[number];

/** The values that TreatMissingData can have. */
export const MISSING_DATA = ["missing", "ignore", "breaching", "notBreaching"] as const;
/** Value of TreatMissingData. */
export type MissingData = typeof MISSING_DATA[number];

/** The comparison operators, and their text in an alarm's state reason. */
const COMPARISONS = {
  GreaterThanOrEqualToThreshold: {
    name: "greater than or equal to",
    breaches: (value: number, than: number) => value >= than,
  },
  GreaterThanThreshold: { name: "greater than", breaches: (value: number, than: number) => value > than },
  LessThanThreshold: { name: "less than", breaches: (value: number, than: number) => value < than },
  LessThanOrEqualToThreshold: {
    name: "less than or equal to",
    breaches: (value: number, than: number) => value <= than,
  },
} as const;

/** Name of a comparison operator, such as `GreaterThanThreshold`. */
export type Comparison = keyof typeof COMPARISONS;

/** Names of all comparison operators. */
export const COMPARISON_NAMES = Object.keys(COMPARISONS) as readonly Comparison[];

/** The condition under which an alarm changes to the ALARM state. */
export interface Rule {
  readonly comparison: Comparison;
  readonly threshold: number;
  /** EvaluationPeriods: N in "M of N datapoints". */
  readonly evaluationPeriods: number;
  /** DatapointsToAlarm: M in "M of N datapoints". At most N. */
  readonly datapointsToAlarm: number;
  readonly treatMissingData: MissingData;
}

/** The datapoint of one period. */
export interface Datapoint {
  /** Start of the period in ms since the epoch. */
  readonly at: number;
  readonly value: number;
  readonly sampleCount: number;
}

/** The result of an alarm's evaluation. */
export interface Evaluation {
  readonly state: State;
  readonly reason: string;
  /** The datapoints that the evaluation used, newest first. */
  readonly datapoints: readonly Datapoint[];
}

/** Returns the number of periods in the evaluation range. In the user guide's examples, the range is 5 periods for N = 3. */
export function evaluationRange(rule: Rule): number {
  return rule.evaluationPeriods + 2;
}

/**
 * Evaluates an alarm. Returns undefined if the alarm keeps its current state.
 *
 * @param range the datapoints of the evaluation range, newest first; undefined for a missing datapoint
 */
export function evaluate(rule: Rule, range: readonly (Datapoint | undefined)[]): Evaluation | undefined {
  const { evaluationPeriods: n, datapointsToAlarm: m, treatMissingData: treat } = rule;
  const present = range.filter((datapoint) => datapoint !== undefined);
  const datapoints = present.slice(0, n);
  const gaps = n - datapoints.length;
  const breaching =
    datapoints.filter(({ value }) => COMPARISONS[rule.comparison].breaches(value, rule.threshold)).length;

  if (gaps > 0 && treat !== "breaching" && treat !== "notBreaching") {
    const oldEnough = range.findLastIndex((datapoint) => datapoint !== undefined) + 1 >= m;
    const persistent = datapoints.length > 0 && breaching === datapoints.length && breaching < m && oldEnough;
    if (treat === "ignore" && (datapoints.length === 0 || persistent)) return undefined;
    if (datapoints.length === 0) {
      const reason = `Insufficient Data: ${count(gaps, "datapoint")} ${were(gaps)} unknown.`;
      return { state: "INSUFFICIENT_DATA", reason, datapoints };
    }
    if (persistent) {
      return { state: "ALARM", reason: crossingReason(rule, datapoints, "ALARM", breaching, 0), datapoints };
    }
  }

  const filled = treat === "breaching" ? gaps : 0;
  const state = breaching + filled >= m ? "ALARM" : "OK";
  const shown = state === "ALARM" ? breaching : datapoints.length - breaching;
  const missing = treat === "breaching" || treat === "notBreaching" ? gaps : 0;
  return { state, reason: crossingReason(rule, datapoints, state, shown, missing), datapoints };
}

/** Returns the reason text for an alarm's change to the state ALARM or OK. */
function crossingReason(
  rule: Rule,
  datapoints: readonly Datapoint[],
  state: "OK" | "ALARM",
  shown: number,
  filled: number,
): string {
  const { evaluationPeriods: n, datapointsToAlarm: m, treatMissingData: treat } = rule;
  const as = `${were(filled)} treated as [${treat === "breaching" ? "Breaching" : "NonBreaching"}]`;
  const gaps = `${count(filled, "missing datapoint")} ${as}`;
  if (datapoints.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${count(n, "period")} and ${gaps}.`;
  }
  const values = datapoints.map(({ at, value }) => `${decimal(value)} (${dated(at)})`).join(", ");
  const not = state === "ALARM" ? "" : "not ";
  const [minimum, transition] = state === "ALARM" ? [m, "OK -> ALARM"] : [n - m + 1, "ALARM -> OK"];
  const comparison = `${not}${COMPARISONS[rule.comparison].name} the threshold (${decimal(rule.threshold)})`;
  return `Threshold Crossed: ${shown} out of the last ${datapoints.length} datapoints [${values}] ${
    were(shown)
  } ${comparison}` +
    `${filled > 0 ? ` and ${gaps}` : ""} (minimum ${
      count(minimum, "datapoint")
    } for ${transition} transition).`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function were(n: number): string {
  return n === 1 ? "was" : "were";
}

/** Formats a number like CloudWatch: 70 becomes `70.0`. */
function decimal(n: number): string {
  return Number.isInteger(n) ? n.toFixed(1) : String(n);
}

/** Formats a time in UTC, such as `02/09/19 16:59:00`. */
function dated(at: number): string {
  const [, yy, month, day, time] = /^\d\d(\d\d)-(\d\d)-(\d\d)T([\d:]+)/.exec(new Date(at).toISOString()) ??
    [];
  return `${day}/${month}/${yy} ${time}`;
}
