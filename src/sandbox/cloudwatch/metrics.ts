/**
 * Stores the datapoints of all metrics as statistic sets, with bounds on the number of metrics and of samples per metric.
 *
 * @module
 */

import type { Metric } from "./metered.ts";

/** The statistics of all values of a metric in one period. */
export interface StatisticSet {
  readonly SampleCount: number;
  readonly Sum: number;
  readonly Minimum: number;
  readonly Maximum: number;
}

/** Names of the statistics that a {@linkcode StatisticSet} provides. */
export const STATISTICS = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"] as const;

/** Name of a statistic, such as `Average`. */
export type Statistic = typeof STATISTICS[number];

/** A stored sample of a metric. */
export interface Sample {
  /** First second of the sample on the timeline. */
  readonly second: number;
  /** Length of the sample in seconds: 60 for standard resolution, 1 for high resolution. */
  readonly width: 1 | 60;
  readonly unit: string;
  readonly statistics: StatisticSet;
}

/** The aggregated samples of one period of a metric. */
export interface Bucket {
  readonly second: number;
  readonly unit: string;
  readonly statistics: StatisticSet;
}

/** Maximum number of samples per metric: one sample a minute for one week. */
const MAX_SAMPLES = 7 * 24 * 60;

/** Maximum number of metrics. For a further metric, the store deletes the metric that was updated least recently. */
const MAX_METRICS = 10_000;

/** Returns the value of one statistic in a statistic set. */
export function statisticValue(set: StatisticSet, name: Statistic): number {
  return name === "Average" ? set.Sum / set.SampleCount : set[name];
}

/** Returns the statistic set of a value that occurs `times` times. */
export function statisticsOfValue(value: number, times = 1): StatisticSet {
  return { SampleCount: times, Sum: value * times, Minimum: value, Maximum: value };
}

/** Merges several statistic sets into the statistic set of all their values. */
export function mergeStatistics(sets: readonly [StatisticSet, ...StatisticSet[]]): StatisticSet {
  return sets.reduce((a, b) => ({
    SampleCount: a.SampleCount + b.SampleCount,
    Sum: a.Sum + b.Sum,
    Minimum: Math.min(a.Minimum, b.Minimum),
    Maximum: Math.max(a.Maximum, b.Maximum),
  }));
}

/** Returns whether two metrics have the same namespace, name and dimensions, in any order of the dimensions. */
export function sameMetric(a: Metric, b: Metric): boolean {
  return metricKey(a) === metricKey(b);
}

function metricKey({ Namespace, MetricName, Dimensions }: Metric): string {
  const dimensions = Dimensions.map(({ Name, Value }) => [Name, Value]).sort(([a = ""], [b = ""]) =>
    a < b ? -1 : a > b ? 1 : 0
  );
  return JSON.stringify([Namespace, MetricName, dimensions]);
}

/** The stored samples of all metrics. */
export class MetricStore {
  readonly #series = new Map<string, { readonly metric: Metric; readonly samples: Sample[] }>();

  /** Returns the metrics that have at least one sample. */
  metrics(): readonly Metric[] {
    return [...this.#series.values()].map(({ metric }) => metric);
  }

  /** Adds a sample to a metric. */
  add(metric: Metric, sample: Sample): void {
    const id = metricKey(metric);
    const series = this.#series.get(id) ?? { metric, samples: [] };
    // Deleting and re-inserting a metric keeps the map sorted by the time of the latest sample.
    this.#series.delete(id);
    this.#series.set(id, series);
    const { samples } = series;
    const after = samples.findLastIndex(({ second }) => second <= sample.second);
    samples.splice(after + 1, 0, sample);
    if (samples.length > MAX_SAMPLES) samples.shift();
    if (this.#series.size > MAX_METRICS) {
      for (const oldest of this.#series.keys()) {
        this.#series.delete(oldest);
        break;
      }
    }
  }

  /**
   * Aggregates the samples of a metric from the second `from` (inclusive) to the second `to` (exclusive). If the span is shorter
   * than a minute, uses only samples of high resolution.
   */
  aggregate(metric: Metric, from: number, to: number, unit?: string): StatisticSet | undefined {
    const [first, ...rest] = this.#samplesBetween(metric, from, to, to - from, unit).map(({ statistics }) =>
      statistics
    );
    return first && mergeStatistics([first, ...rest]);
  }

  /**
   * Aggregates the samples of a metric from the second `from` (inclusive) to the second `to` (exclusive). Returns one bucket per
   * period (in seconds), oldest first. Buckets are aligned to the start of the CloudWatch timeline.
   */
  buckets(metric: Metric, from: number, to: number, period: number, unit?: string): readonly Bucket[] {
    const begin = Math.floor(from / period) * period;
    const samples = this.#samplesBetween(metric, begin, to, period, unit);
    const groups = Map.groupBy(
      samples,
      ({ second, unit }) => JSON.stringify([Math.floor(second / period), unit]),
    );
    return [...groups.values()].flatMap(([first, ...rest]) =>
      first === undefined ? [] : [{
        second: Math.floor(first.second / period) * period,
        unit: first.unit,
        statistics: mergeStatistics([first.statistics, ...rest.map(({ statistics }) => statistics)]),
      }]
    );
  }

  #samplesBetween(
    metric: Metric,
    from: number,
    to: number,
    period: number,
    unit: string | undefined,
  ): readonly Sample[] {
    const samples = this.#series.get(metricKey(metric))?.samples ?? [];
    return samples.slice(1 + samples.findLastIndex(({ second }) => second < from))
      .filter((sample) =>
        sample.second < to && (unit === undefined || sample.unit === unit) &&
        (period >= 60 || sample.width < 60)
      );
  }
}
