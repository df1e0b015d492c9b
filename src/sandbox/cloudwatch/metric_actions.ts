/**
 * CloudWatch's API for metrics.
 *
 * @module
 */
import { instant, invalid, needed, number, shape, shapes, text, texts, whole, word } from "../wire/input.ts";
import { page } from "../wire/paging.ts";
import { AwsError, type Clock, type Metric, type Service, type Shape } from "../wire/service.ts";
import { metric } from "./alarm.ts";
import { invalidNextToken } from "./alarm_actions.ts";
import {
  type Bucket,
  merged,
  type MetricStore,
  repeated,
  type Statistic,
  statistic,
  STATISTICS,
  type StatisticSet,
} from "./metrics.ts";
import type { Timeline } from "./timeline.ts";

/** Datapoints in an answer of GetMetricStatistics. Source: its API page. */
const MOST_STATISTICS = 1_440;
/** Datapoints in an answer of GetMetricData. Source: its API page. */
const MOST_DATA = 100_800;

/** The actions on metrics. */
export function metricActions(clock: Clock, timeline: Timeline, store: MetricStore): Service {
  const buckets = (of: Metric, input: Shape, period: number, unit: string | undefined): readonly Bucket[] => {
    const start = needed(instant(input, "StartTime"), "StartTime");
    const end = needed(instant(input, "EndTime"), "EndTime");
    if (start >= end) throw invalid("The parameter StartTime must be less than the parameter EndTime.");
    return store.buckets(of, timeline.second(start), timeline.second(end), period, unit);
  };
  const real = ({ second }: Bucket) => new Date(timeline.real(second));
  return {
    GetMetricStatistics: (input) => {
      const wanted = metric(input);
      const period = periodOf(input);
      const statistics = STATISTICS.filter((name) => texts(input, "Statistics").includes(name));
      if (statistics.length === 0) {
        throw new AwsError(
          "InvalidParameterCombination",
          "At least one of the five statistics must be specified; the sandbox has no others",
        );
      }
      const found = buckets(wanted, input, period, text(input, "Unit")).slice(-MOST_STATISTICS);
      return {
        Label: wanted.MetricName,
        Datapoints: found.map((bucket) => ({
          Timestamp: real(bucket),
          ...Object.fromEntries(statistics.map((name) => [name, statistic(bucket.statistics, name)])),
          Unit: bucket.unit,
        })),
      };
    },

    GetMetricData: (input) => {
      const ascending =
        word(input, "ScanBy", ["TimestampDescending", "TimestampAscending"]) === "TimestampAscending";
      const queries = shapes(input, "MetricDataQueries");
      needed(queries.length > 0 ? queries : undefined, "MetricDataQueries");
      if (queries.length > 500) throw invalid("Value at 'metricDataQueries' must have 500 members at most");
      const points = queries.flatMap((query, index) => {
        const { of, period, stat, unit } = metricStat(query);
        const found = buckets(of, input, period, unit).map((bucket, at) => ({
          index,
          timestamp: real(bucket),
          value: statistic(bucket.statistics, stat),
          at,
        }));
        return ascending ? found : found.reverse();
      });
      // Positions do for keys: a token outlives the next datapoint at the price of one that is told twice.
      const { items, ...next } = page(
        points.map((point, position) => ({ ...point, position })),
        ({ position }) => String(position).padStart(9, "0"),
        whole(input, "MaxDatapoints", 1, MOST_DATA) ?? MOST_DATA,
        text(input, "NextToken"),
        invalidNextToken,
      );
      const unfinished = "NextToken" in next ? items.at(-1)?.index ?? 0 : queries.length;
      return {
        MetricDataResults: queries.flatMap((query, index) => {
          if (text(query, "ReturnData") === "false") return [];
          const shown = items.filter((point) => point.index === index);
          return [{
            Id: needed(text(query, "Id"), "Id"),
            Label: text(query, "Label") ?? metricStat(query).of.MetricName,
            Timestamps: shown.map(({ timestamp }) => timestamp),
            Values: shown.map(({ value }) => value),
            StatusCode: index < unfinished ? "Complete" : "PartialData",
          }];
        }),
        Messages: [],
        ...next,
      };
    },

    ListMetrics: (input) => {
      const namespace = text(input, "Namespace");
      const name = text(input, "MetricName");
      const wanted = shapes(input, "Dimensions").map((filter) => ({
        Name: needed(text(filter, "Name"), "Name"),
        Value: text(filter, "Value"),
      }));
      const found = store.metrics().filter((metric) =>
        (namespace === undefined || metric.Namespace === namespace) &&
        (name === undefined || metric.MetricName === name) &&
        wanted.every((filter) =>
          metric.Dimensions.some(({ Name, Value }) =>
            Name === filter.Name && (filter.Value === undefined || Value === filter.Value)
          )
        )
      );
      const { items, ...next } = page(
        found,
        (metric) => JSON.stringify(metric),
        500,
        text(input, "NextToken"),
        invalidNextToken,
      );
      return { Metrics: items, ...next };
    },

    PutMetricData: (input) => {
      const Namespace = needed(text(input, "Namespace"), "Namespace");
      if (Namespace.startsWith("AWS/")) {
        throw new AwsError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.");
      }
      const data = shapes(input, "MetricData");
      if (data.length > 1_000) throw invalid("Value at 'metricData' must have 1000 members at most");
      const samples = data.map((datum) => {
        const width = whole(datum, "StorageResolution", 1, 60) === 1 ? 1 : 60;
        const second = timeline.second(instant(datum, "Timestamp") ?? clock.now());
        return {
          metric: metric({ ...datum, Namespace }),
          sample: {
            second: Math.floor(second / width) * width,
            width,
            unit: text(datum, "Unit") ?? "None",
            statistics: statisticsOf(datum),
          } as const,
        };
      });
      // All or nothing: each was read before the first is kept.
      for (const { metric, sample } of samples) store.add(metric, sample);
    },
  };
}

function metricStat(query: Shape): { of: Metric; period: number; stat: Statistic; unit: string | undefined } {
  const stat = shape(query, "MetricStat");
  if (stat === undefined) {
    throw invalid("The sandbox answers queries with a MetricStat only, not expressions");
  }
  return {
    of: metric(needed(shape(stat, "Metric"), "Metric")),
    period: periodOf(stat),
    stat: needed(word(stat, "Stat", STATISTICS), "Stat"),
    unit: text(stat, "Unit"),
  };
}

function periodOf(input: Shape): number {
  const period = needed(whole(input, "Period", 1, 86_400), "Period");
  if ([1, 5, 10, 20, 30].includes(period) || period % 60 === 0) return period;
  throw new AwsError(
    "InvalidParameterValue",
    "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
  );
}

function statisticsOf(datum: Shape): StatisticSet {
  const set = shape(datum, "StatisticValues");
  if (set !== undefined) {
    return {
      SampleCount: needed(number(set, "SampleCount"), "SampleCount"),
      Sum: needed(number(set, "Sum"), "Sum"),
      Minimum: needed(number(set, "Minimum"), "Minimum"),
      Maximum: needed(number(set, "Maximum"), "Maximum"),
    };
  }
  const counts = texts(datum, "Counts").map(Number);
  const [first, ...rest] = texts(datum, "Values").map((value, index) =>
    repeated(Number(value), counts[index] ?? 1)
  );
  return first ? merged([first, ...rest]) : repeated(needed(number(datum, "Value"), "Value"));
}
