/**
 * The datapoints of metrics.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { IncompleteAnswerError, listIn } from "../errors.ts";
import { pages } from "../many/pages.ts";
import { cloudWatch } from "./client.ts";
import { type Metric, sdkMetric } from "./metric.ts";

/** Maximum number of queries in one call. Source: CloudWatch API, GetMetricData. */
export const MAX_QUERIES = 500;

/** A statistic of a metric to read. */
export interface MetricQuery {
  readonly metric: Metric;
  /** The length of one period in s. */
  readonly period: number;
  /** For example `Average`. */
  readonly stat: string;
  /** What the metric belongs to, for error messages. */
  readonly of: string;
}

/** A datapoint of a metric. */
export interface MetricPoint {
  readonly value: number;
  /** When the period of the datapoint began, in ms since the epoch. */
  readonly at: number;
}

/** Which datapoints to read. */
export interface MetricSpan {
  /** kas ignores datapoints that began more than this many s ago. */
  readonly recent: number;
  /** The current time in ms since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the latest datapoint of each metric. A metric without a datapoint in the time is undefined. Throws as {@linkcode readPoints}.
 *
 * @param queries at most {@linkcode MAX_QUERIES}
 */
export async function latestPoints(
  aws: Aws,
  queries: readonly MetricQuery[],
  span: MetricSpan,
): Promise<(MetricPoint | undefined)[]> {
  const all = await readPoints(aws, queries, span);
  return all.map(([first, ...others]) =>
    first && others.reduce((latest, point) => point.at > latest.at ? point : latest, first)
  );
}

/**
 * Reads the datapoints of each metric in one call, or several if the answer has several pages.
 *
 * Throws {@linkcode IncompleteAnswerError} if CloudWatch did not read every metric, because kas must be able to tell a
 * metric that CloudWatch did not read from a metric without datapoints.
 *
 * @param queries at most {@linkcode MAX_QUERIES}
 */
export async function readPoints(
  aws: Aws,
  queries: readonly MetricQuery[],
  { recent, now, signal }: MetricSpan,
): Promise<MetricPoint[][]> {
  const [client, { GetMetricDataCommand }] = await cloudWatch(aws);
  const answers = pages(
    (NextToken) => {
      const command = new GetMetricDataCommand({
        StartTime: new Date(now - recent * 1_000),
        EndTime: new Date(now),
        ScanBy: "TimestampDescending",
        MetricDataQueries: queries.map(sdkQuery),
        NextToken,
      });
      return client.send(command, sendOptions(signal));
    },
    ({ NextToken }) => NextToken,
  );
  const found: MetricPoint[][] = queries.map(() => []);
  const statuses = new Map<string | undefined, string | undefined>();
  const notes: string[] = [];
  for await (const { MetricDataResults, Messages = [] } of answers) {
    notes.push(...Messages.map(({ Value = "" }) => Value));
    for (const result of listIn(MetricDataResults, "CloudWatch", "metrics")) {
      const { Id, Timestamps, Values, StatusCode, Messages = [] } = result;
      // The status on the last page counts: a later page completes a metric that is partial on this page.
      statuses.set(Id, StatusCode);
      notes.push(...Messages.map(({ Value = "" }) => Value));
      const points = found[Number(Id?.slice(1))];
      for (const [i, value] of Values?.entries() ?? []) {
        const at = Timestamps?.[i]?.getTime();
        if (at !== undefined) points?.push({ value, at });
      }
    }
  }
  queries.forEach((query, index) => requireComplete(query, statuses.get(idOf(index)), notes));
  return found;
}

/** Datapoints of one metric, which is `queries[query]`. */
export interface MetricPoints {
  readonly query: number;
  readonly points: readonly MetricPoint[];
}

/**
 * Reads all datapoints of metrics in a time, page by page. A metric has its datapoints in several pages.
 *
 * Throws {@linkcode IncompleteAnswerError} if CloudWatch did not read every metric.
 *
 * @param queries at most {@linkcode MAX_QUERIES}
 * @param from the beginning of the time, in ms since the epoch
 * @param to the end of the time, in ms since the epoch
 */
export async function* allPoints(
  aws: Aws,
  queries: readonly MetricQuery[],
  { from, to, signal }: { readonly from: number; readonly to: number; readonly signal: AbortSignal },
): AsyncGenerator<MetricPoints, void> {
  const [client, { GetMetricDataCommand }] = await cloudWatch(aws);
  const answers = pages(
    (NextToken) => {
      const command = new GetMetricDataCommand({
        StartTime: new Date(from),
        EndTime: new Date(to),
        ScanBy: "TimestampAscending",
        MetricDataQueries: queries.map(sdkQuery),
        NextToken,
      });
      return client.send(command, sendOptions(signal));
    },
    ({ NextToken }) => NextToken,
  );
  const statuses = new Map<string | undefined, string | undefined>();
  const notes: string[] = [];
  for await (const { MetricDataResults } of answers) {
    for (const result of listIn(MetricDataResults, "CloudWatch", "metrics")) {
      const { Id, Timestamps = [], Values = [], StatusCode, Messages = [] } = result;
      statuses.set(Id, StatusCode);
      notes.push(...Messages.map(({ Value = "" }) => Value));
      const query = Number(Id?.slice(1));
      if (!(query in queries)) continue;
      const points = Timestamps.flatMap((time, i) => {
        const [at, value] = [time.getTime(), Values[i]];
        return value === undefined || !Number.isFinite(at) ? [] : [{ at, value }];
      });
      yield { query, points };
    }
  }
  queries.forEach((query, index) => requireComplete(query, statuses.get(idOf(index)), notes));
}

function sdkQuery({ metric, period, stat }: MetricQuery, index: number) {
  return { Id: idOf(index), MetricStat: { Metric: sdkMetric(metric), Period: period, Stat: stat } };
}

/** Returns the id of a query. It must begin with a small letter. Source: CloudWatch API, MetricDataQuery. */
function idOf(index: number): string {
  return `i${index}`;
}

/**
 * Throws unless CloudWatch read a metric. Source: CloudWatch API, MetricDataResult, StatusCode.
 *
 * @param notes CloudWatch's own messages, for example "Maximum number of allowed metrics exceeded"
 */
function requireComplete(
  { metric, of }: MetricQuery,
  status: string | undefined,
  notes: readonly string[],
): void {
  if (status === "Complete") return;
  const detail = [status ?? "no result", ...notes.filter(Boolean)].join(", ");
  const hint = status === "Forbidden" ? "allow cloudwatch:GetMetricData" : undefined;
  throw new IncompleteAnswerError(`GetMetricData did not read ${metric.name} of ${of} (${detail})`, { hint });
}
