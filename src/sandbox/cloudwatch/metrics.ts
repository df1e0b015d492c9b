/**
 * The datapoints that CloudWatch keeps, as statistic sets, for a bounded number of metrics and of samples each.
 *
 * @module
 */

import type { Metric } from "./metered.ts";

/** What CloudWatch keeps of the values of a span. */
export interface StatisticSet {
  readonly SampleCount: number;
  readonly Sum: number;
  readonly Minimum: number;
  readonly Maximum: number;
}

/** The statistics that can be read from a {@linkcode StatisticSet}. */
export const STATISTICS = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"] as const;

/** One of them. */
export type Statistic = typeof STATISTICS[number];

/** A sample as it is kept. Seconds are those of the timeline. */
export interface Sample {
  /** The second that it begins at. */
  readonly second: number;
  /** Seconds that it covers: 60 of standard resolution, 1 of high resolution. */
  readonly width: 1 | 60;
  readonly unit: string;
  readonly statistics: StatisticSet;
}

/** One bucket of a series. */
export interface Bucket {
  readonly second: number;
  readonly unit: string;
  readonly statistics: StatisticSet;
}

/** Samples kept of one metric: a week of minutes. */
const MAX_SAMPLES = 7 * 24 * 60;

/** Metrics kept; the one longest without a sample gives way. */
const MAX_METRICS = 10_000;

/** The value of a statistic. */
export function statisticValue(set: StatisticSet, name: Statistic): number {
  return name === "Average" ? set.Sum / set.SampleCount : set[name];
}

/** The statistic set of a number of equal values. */
export function statisticsOfValue(value: number, times = 1): StatisticSet {
  return { SampleCount: times, Sum: value * times, Minimum: value, Maximum: value };
}

/** The statistic set of all the values of several. */
export function mergeStatistics(sets: readonly [StatisticSet, ...StatisticSet[]]): StatisticSet {
  return sets.reduce((a, b) => ({
    SampleCount: a.SampleCount + b.SampleCount,
    Sum: a.Sum + b.Sum,
    Minimum: Math.min(a.Minimum, b.Minimum),
    Maximum: Math.max(a.Maximum, b.Maximum),
  }));
}

/** Whether two metrics are the same, dimensions in any order. */
export function sameMetric(a: Metric, b: Metric): boolean {
  return metricKey(a) === metricKey(b);
}

function metricKey({ Namespace, MetricName, Dimensions }: Metric): string {
  const dimensions = Dimensions.map(({ Name, Value }) => [Name, Value]).sort(([a = ""], [b = ""]) =>
    a < b ? -1 : a > b ? 1 : 0
  );
  return JSON.stringify([Namespace, MetricName, dimensions]);
}

/** Datapoints by metric. */
export class MetricStore {
  readonly #series = new Map<string, { readonly metric: Metric; readonly samples: Sample[] }>();

  /** The metrics that have samples. */
  metrics(): readonly Metric[] {
    return [...this.#series.values()].map(({ metric }) => metric);
  }

  /** Keeps a sample. */
  add(metric: Metric, sample: Sample): void {
    const id = metricKey(metric);
    const series = this.#series.get(id) ?? { metric, samples: [] };
    // Set again, so that the map's order is that of the latest sample.
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
   * What there is from one second up to another (not included), aggregated. Of periods under a minute only samples of
   * high resolution count.
   */
  aggregate(metric: Metric, from: number, to: number, unit?: string): StatisticSet | undefined {
    const [first, ...rest] = this.#samplesBetween(metric, from, to, to - from, unit).map(({ statistics }) =>
      statistics
    );
    return first && mergeStatistics([first, ...rest]);
  }

  /** The buckets, oldest first, of a period (s; aligned to the timeline's start) that begin from one second up to another. */
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
