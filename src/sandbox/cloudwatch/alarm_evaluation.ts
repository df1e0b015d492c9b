/**
 * From datapoints to an alarm's state, by CloudWatch's rules for M of N datapoints and for missing ones. Pure.
 *
 * CloudWatch reads more datapoints than it needs, the evaluation range, and evaluates the N newest that are there. Only where
 * there are fewer than N are the gaps filled as the alarm says, all that are there still counting. With gaps that are left
 * as missing, a breaching datapoint that has grown as old as M periods with nothing but breaching ones beside it is enough.
 *
 * Source: CloudWatch user guide, "Evaluating an alarm", "Configuring how CloudWatch alarms treat missing data" and "Avoiding
 * premature transitions to alarm state".
 *
 * @module
 */

/** CloudWatch's alarm states. */
export const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;
/** One of them. */
export type State = typeof STATES[number];

/** What a missing datapoint counts as. */
export const MISSING_DATA = ["missing", "ignore", "breaching", "notBreaching"] as const;
/** One of them. */
export type MissingData = typeof MISSING_DATA[number];

/** How a value is compared with the threshold, and in which words a reason says so. */
const COMPARISONS = {
  GreaterThanOrEqualToThreshold: {
    words: "greater than or equal to",
    breaches: (value: number, than: number) => value >= than,
  },
  GreaterThanThreshold: { words: "greater than", breaches: (value: number, than: number) => value > than },
  LessThanThreshold: { words: "less than", breaches: (value: number, than: number) => value < than },
  LessThanOrEqualToThreshold: {
    words: "less than or equal to",
    breaches: (value: number, than: number) => value <= than,
  },
} as const;

/** A comparison's name in the API. */
export type Comparison = keyof typeof COMPARISONS;

/** Their names. */
export const COMPARISON_NAMES = Object.keys(COMPARISONS) as readonly Comparison[];

/** When an alarm is raised. */
export interface Rule {
  readonly comparison: Comparison;
  readonly threshold: number;
  /** N. */
  readonly evaluationPeriods: number;
  /** M, at most N. */
  readonly datapointsToAlarm: number;
  readonly treatMissingData: MissingData;
}

/** A datapoint of one period. */
export interface Datapoint {
  /** When the period began, ms since the epoch. */
  readonly at: number;
  readonly value: number;
  readonly sampleCount: number;
}

/** What an evaluation comes to. */
export interface Evaluation {
  readonly state: State;
  readonly reason: string;
  /** The datapoints that it rests on, newest first. */
  readonly datapoints: readonly Datapoint[];
}

/** How many of the newest periods an evaluation looks at: the guide's examples have five for N = 3. */
export function evaluationRange(rule: Rule): number {
  return rule.evaluationPeriods + 2;
}

/**
 * Evaluates an alarm over the datapoints of its evaluation range, newest first, undefined where one is missing.
 * Undefined where the alarm keeps whatever state it has.
 */
export function evaluate(rule: Rule, range: readonly (Datapoint | undefined)[]): Evaluation | undefined {
  const { evaluationPeriods: n, datapointsToAlarm: m, treatMissingData: treat } = rule;
  const there = range.filter((datapoint) => datapoint !== undefined);
  const datapoints = there.slice(0, n);
  const gaps = n - datapoints.length;
  const breaching =
    datapoints.filter(({ value }) => COMPARISONS[rule.comparison].breaches(value, rule.threshold)).length;

  if (gaps > 0 && treat !== "breaching" && treat !== "notBreaching") {
    const old = range.findLastIndex((datapoint) => datapoint !== undefined) + 1 >= m;
    const grown = datapoints.length > 0 && breaching === datapoints.length && breaching < m && old;
    if (treat === "ignore" && (datapoints.length === 0 || grown)) return undefined;
    if (datapoints.length === 0) {
      const reason = `Insufficient Data: ${count(gaps, "datapoint")} ${were(gaps)} unknown.`;
      return { state: "INSUFFICIENT_DATA", reason, datapoints };
    }
    if (grown) {
      return { state: "ALARM", reason: crossingReason(rule, datapoints, "ALARM", breaching, 0), datapoints };
    }
  }

  const filled = treat === "breaching" ? gaps : 0;
  const state = breaching + filled >= m ? "ALARM" : "OK";
  const shown = state === "ALARM" ? breaching : datapoints.length - breaching;
  const missing = treat === "breaching" || treat === "notBreaching" ? gaps : 0;
  return { state, reason: crossingReason(rule, datapoints, state, shown, missing), datapoints };
}

/** CloudWatch's words for a change that its threshold made. */
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
  const comparison = `${not}${COMPARISONS[rule.comparison].words} the threshold (${decimal(rule.threshold)})`;
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

/** A number as CloudWatch writes it: 70 as `70.0`. */
function decimal(n: number): string {
  return Number.isInteger(n) ? n.toFixed(1) : String(n);
}

/** `02/09/19 16:59:00`, UTC. */
function dated(at: number): string {
  const [, yy, month, day, time] = /^\d\d(\d\d)-(\d\d)-(\d\d)T([\d:]+)/.exec(new Date(at).toISOString()) ??
    [];
  return `${day}/${month}/${yy} ${time}`;
}
