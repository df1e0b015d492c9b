/**
 * The load of the fleet, as the target, adaptive and formula policies see it.
 *
 * @module
 */

/** The load of one period. */
export interface LoadPoint {
  /** When the period began, in ms since the epoch. */
  readonly at: number;
  /** How long the period is, in ms. */
  readonly span: number;
  /**
   * The mean CPU of the instances that were in service for the whole period, in percent. An instance without a sample counts as
   * the busiest of the others.
   */
  readonly percent: number;
  /**
   * The mean over the same instances of their busiest CPU, in percent: a service with one thread loads only one CPU of its machine. Absent
   * if the samples come from CloudWatch, which shows only the mean over the CPUs.
   */
  readonly busiest?: number;
  /** How many instances were in service for the whole period. */
  readonly served: number;
  /** The mean number of instances in service in the period. */
  readonly serving: number;
  /** How many of the served instances had no sample. Absent: none. */
  readonly missing?: number;
}

/** The load of the last minutes. */
export interface LoadView {
  /** Where the samples come from. */
  readonly source: "scrape" | "cloudwatch";
  /** Why the samples come from CloudWatch although kas scrapes the instances, in a sentence. */
  readonly why?: string;
  /** Short periods, the oldest first. They may only ask for more capacity. With CloudWatch the same as `long`. */
  readonly short: readonly LoadPoint[];
  /** Long periods, the oldest first. They may also ask for less capacity. */
  readonly long: readonly LoadPoint[];
}

/** The value of a metric that a formula uses. */
export interface MetricReading {
  /** The value. Absent if kas has none. */
  readonly value?: number;
  /** When the value was true, in ms since the epoch. Absent if kas has no value. */
  readonly at?: number;
  /** Where the value comes from, in words. */
  readonly source: string;
  /** Why kas has no value, in a sentence. */
  readonly why?: string;
}

/** Returns when a period ended, in ms since the epoch. */
export function endOf({ at, span }: LoadPoint): number {
  return at + span;
}

/** Returns the load of a period: how many instances it would keep at 100 %. */
export function demandOf({ percent, serving }: LoadPoint): number {
  return (percent * serving) / 100;
}
