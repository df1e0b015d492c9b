/**
 * CloudWatch's API actions on metrics, such as GetMetricData and PutMetricData.
 *
 * @module
 */
import {
  integer,
  number,
  oneOf,
  required,
  shape,
  shapes,
  text,
  texts,
  time,
  validationError,
} from "../wire/input.ts";
import { page } from "../wire/paging.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import type { Clock } from "../clock.ts";
import type { Metric } from "./metered.ts";
import { readMetric } from "./alarm.ts";
import { invalidNextToken } from "./alarm_actions.ts";
import {
  type Bucket,
  mergeStatistics,
  type MetricStore,
  type Statistic,
  STATISTICS,
  type StatisticSet,
  statisticsOfValue,
  statisticValue,
} from "./metrics.ts";
import type { Timeline } from "./timeline.ts";

/** Maximum number of datapoints in a response to GetMetricStatistics. Source: CloudWatch API, GetMetricStatistics. */
const MAX_STATISTICS = 1_440;
/** Maximum number of datapoints in a response to GetMetricData. Source: CloudWatch API, GetMetricData. */
const MAX_DATA = 100_800;

/** Returns CloudWatch's API actions on metrics. */
export function metricActions(clock: Clock, timeline: Timeline, store: MetricStore): Service {
  const buckets = (of: Metric, input: Shape, period: number, unit: string | undefined): readonly Bucket[] => {
    const start = required(time(input, "StartTime"), "StartTime");
    const end = required(time(input, "EndTime"), "EndTime");
    if (start >= end) {
      throw validationError("The parameter StartTime must be less than the parameter EndTime.");
    }
    return store.buckets(of, timeline.second(start), timeline.second(end), period, unit);
  };
  const timeOf = ({ second }: Bucket) => new Date(timeline.real(second));
  return {
    GetMetricStatistics: (input) => {
      const metric = readMetric(input);
      const period = readPeriod(input);
      const statistics = STATISTICS.filter((name) => texts(input, "Statistics").includes(name));
      if (statistics.length === 0) {
        throw new AwsError(
          "InvalidParameterCombination",
          "At least one of the five statistics must be specified; the sandbox does not support extended statistics",
        );
      }
      const found = buckets(metric, input, period, text(input, "Unit")).slice(-MAX_STATISTICS);
      return {
        Label: metric.MetricName,
        Datapoints: found.map((bucket) => ({
          Timestamp: timeOf(bucket),
          ...Object.fromEntries(statistics.map((name) => [name, statisticValue(bucket.statistics, name)])),
          Unit: bucket.unit,
        })),
      };
    },

    GetMetricData: (input) => {
      const ascending =
        oneOf(input, "ScanBy", ["TimestampDescending", "TimestampAscending"]) === "TimestampAscending";
      const queries = shapes(input, "MetricDataQueries");
      required(queries.length > 0 ? queries : undefined, "MetricDataQueries");
      if (queries.length > 500) {
        throw validationError("Value at 'metricDataQueries' must have 500 members at most");
      }
      const points = queries.flatMap((query, index) => {
        const { of, period, stat, unit } = readMetricStat(query);
        const found = buckets(of, input, period, unit).map((bucket, at) => ({
          index,
          timestamp: timeOf(bucket),
          value: statisticValue(bucket.statistics, stat),
          at,
        }));
        return ascending ? found : found.reverse();
      });
      // The NextToken contains a position in the results. If a new datapoint arrives between two pages, the second page can repeat a datapoint.
      const { items, ...next } = page(
        points.map((point, position) => ({ ...point, position })),
        ({ position }) => String(position).padStart(9, "0"),
        integer(input, "MaxDatapoints", 1, MAX_DATA) ?? MAX_DATA,
        text(input, "NextToken"),
        invalidNextToken,
      );
      const firstPartial = "NextToken" in next ? items.at(-1)?.index ?? 0 : queries.length;
      return {
        MetricDataResults: queries.flatMap((query, index) => {
          if (text(query, "ReturnData") === "false") return [];
          const shown = items.filter((point) => point.index === index);
          return [{
            Id: required(text(query, "Id"), "Id"),
            Label: text(query, "Label") ?? readMetricStat(query).of.MetricName,
            Timestamps: shown.map(({ timestamp }) => timestamp),
            Values: shown.map(({ value }) => value),
            StatusCode: index < firstPartial ? "Complete" : "PartialData",
          }];
        }),
        Messages: [],
        ...next,
      };
    },

    ListMetrics: (input) => {
      const namespace = text(input, "Namespace");
      const name = text(input, "MetricName");
      const filters = shapes(input, "Dimensions").map((filter) => ({
        Name: required(text(filter, "Name"), "Name"),
        Value: text(filter, "Value"),
      }));
      const found = store.metrics().filter((metric) =>
        (namespace === undefined || metric.Namespace === namespace) &&
        (name === undefined || metric.MetricName === name) &&
        filters.every((filter) =>
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
      const Namespace = required(text(input, "Namespace"), "Namespace");
      if (Namespace.startsWith("AWS/")) {
        throw new AwsError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.");
      }
      const data = shapes(input, "MetricData");
      if (data.length > 1_000) throw validationError("Value at 'metricData' must have 1000 members at most");
      const samples = data.map((datum) => {
        const width = integer(datum, "StorageResolution", 1, 60) === 1 ? 1 : 60;
        const second = timeline.second(time(datum, "Timestamp") ?? clock.now());
        return {
          metric: readMetric({ ...datum, Namespace }),
          sample: {
            second: Math.floor(second / width) * width,
            width,
            unit: text(datum, "Unit") ?? "None",
            statistics: readStatistics(datum),
          } as const,
        };
      });
      // PutMetricData reads the whole request before storing the first sample, so that an invalid request has no effect.
      for (const { metric, sample } of samples) store.add(metric, sample);
    },
  };
}

function readMetricStat(
  query: Shape,
): { of: Metric; period: number; stat: Statistic; unit: string | undefined } {
  const stat = shape(query, "MetricStat");
  if (stat === undefined) {
    throw validationError("The sandbox supports metric queries with a MetricStat only, not expressions");
  }
  return {
    of: readMetric(required(shape(stat, "Metric"), "Metric")),
    period: readPeriod(stat),
    stat: required(oneOf(stat, "Stat", STATISTICS), "Stat"),
    unit: text(stat, "Unit"),
  };
}

function readPeriod(input: Shape): number {
  const period = required(integer(input, "Period", 1, 86_400), "Period");
  if ([1, 5, 10, 20, 30].includes(period) || period % 60 === 0) return period;
  throw new AwsError(
    "InvalidParameterValue",
    "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
  );
}

function readStatistics(datum: Shape): StatisticSet {
  const set = shape(datum, "StatisticValues");
  if (set !== undefined) {
    return {
      SampleCount: required(number(set, "SampleCount"), "SampleCount"),
      Sum: required(number(set, "Sum"), "Sum"),
      Minimum: required(number(set, "Minimum"), "Minimum"),
      Maximum: required(number(set, "Maximum"), "Maximum"),
    };
  }
  const counts = texts(datum, "Counts").map(Number);
  const [first, ...rest] = texts(datum, "Values").map((value, index) =>
    statisticsOfValue(Number(value), counts[index] ?? 1)
  );
  return first
    ? mergeStatistics([first, ...rest])
    : statisticsOfValue(required(number(datum, "Value"), "Value"));
}
