/**
 * The load policies of a fleet, as the configuration names them. A load policy recommends a capacity by the load.
 *
 * @module
 */

/** The alarms policy: kas follows the fleet's CloudWatch alarms. It is the default. */
export interface AlarmsSpec {
  readonly type: "alarms";
}

/** The target policy: kas keeps a metric at a target. */
export interface TargetSpec {
  readonly type: "target";
  /** The metric. `cpu` is the mean CPU of the instances in service, in percent. */
  readonly metric: "cpu";
  /** The target of the metric, in percent. */
  readonly target: number;
  /** kas follows the highest recommendation of this time when it scales in, in ms. */
  readonly stabilization: number;
}

/** The adaptive policy: kas follows the cheapest rule that would have kept the risk on the fleet's own past. */
export interface AdaptiveSpec {
  readonly type: "adaptive";
  readonly metric: "cpu";
  /** The CPU at which an instance carries its full load, in percent. */
  readonly utilization: number;
  /** The share of time in which the capacity may be short: 0.015 is 1.5 %. */
  readonly risk: number;
  /** The largest number of instances beyond the need of the last 2 min. Absent: no such ceiling. */
  readonly maxSpare?: number;
}

/** The formula policy: an expression over metrics gives the capacity, or a floor and a ceiling of it. */
export interface FormulaSpec {
  readonly type: "formula";
  readonly capacity?: string;
  readonly atLeast?: string;
  readonly atMost?: string;
}

/** A load policy. */
export type PolicySpec = AlarmsSpec | TargetSpec | AdaptiveSpec | FormulaSpec;

/** The type of a load policy. */
export type PolicyType = PolicySpec["type"];

/** The policies if none are configured. */
const DEFAULT: readonly PolicySpec[] = [{ type: "alarms" }];

/** The time for which the target policy remembers recommendations if the configuration does not say, in ms. */
export const DEFAULT_STABILIZATION = 300_000;

/** Returns the load policy of a type. Undefined if the fleet does not have it. */
export function policyOf<T extends PolicyType>(
  { policies = DEFAULT }: { readonly policies?: readonly PolicySpec[] },
  type: T,
): Extract<PolicySpec, { type: T }> | undefined {
  return policies.find((it): it is Extract<PolicySpec, { type: T }> => it.type === type);
}

/** Whether a fleet has another load policy than alarms. Such a policy recommends a capacity, and not only one more or one less. */
export function hasCapacityPolicy(
  { policies = DEFAULT }: { readonly policies?: readonly PolicySpec[] },
): boolean {
  return policies.some(({ type }) => type !== "alarms");
}
