/**
 * Metrics from CloudWatch.
 *
 * @module
 */
import { NoRequestsError, requestMetrics } from "../../../aws/balancing/requests.ts";
import type { BalancerRef } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { latestPoints, type MetricPoint } from "../../../aws/cloudwatch/metric_data.ts";
import type { Metric } from "../../../aws/cloudwatch/metric.ts";
import type { CloudWatchSpec } from "../../../settings/metrics/spec.ts";
import { SourceError } from "./source_error.ts";

/** The period of a load balancer's metrics, in s. Source: CLB and ALB guides, "CloudWatch metrics". */
const PERIOD = 60;

/** How late a datapoint may arrive, in s. */
const DELAY = 180;

/**
 * Returns how old a datapoint may be, in s: it began up to two periods ago, and arrives up to {@linkcode DELAY} late. Older ones do not
 * say what the load is now.
 */
function recentOf(period: number): number {
  return 2 * period + DELAY;
}

/** The options of a read. */
interface ReadOptions {
  /** The length of one period in s. */
  readonly period: number;
  /** The current time in ms since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Reads the latest datapoint of each metric. Ignores the period that has not ended, because its datapoint may still change.
 */
async function readPoints(
  aws: Aws,
  metrics: readonly { readonly metric: Metric; readonly stat: string; readonly of: string }[],
  { period, now, signal }: ReadOptions,
): Promise<readonly MetricPoint[]> {
  const ms = period * 1_000;
  const queries = metrics.map((query) => ({ ...query, period }));
  const ended = Math.floor(now / ms) * ms;
  const points = await latestPoints(aws, queries, { recent: recentOf(period), now: ended, signal });
  return points.filter((point) => point !== undefined).map(({ value, at }) => ({ value, at: at + ms }));
}

/**
 * Reads the latest datapoint of a metric. The time of the result is the end of its period.
 *
 * @param now the current time in ms since the epoch
 * @throws {SourceError} if there is no recent datapoint
 */
export async function readStatistic(
  aws: Aws,
  { metric: { stat, ...metric }, period }: CloudWatchSpec,
  now: number,
  signal: AbortSignal,
): Promise<MetricPoint> {
  const [point] = await readPoints(aws, [{ metric, stat, of: metric.namespace }], { period, now, signal });
  if (point === undefined) {
    throw new SourceError(`CloudWatch has no datapoint of the last ${recentOf(period)} s`);
  }
  return point;
}

/**
 * Reads how many requests the load balancer received in a minute. It publishes no datapoint for a minute without requests, so no recent
 * datapoint means 0.
 *
 * @param now the current time in ms since the epoch
 * @throws {SourceError} if the load balancer does not count requests
 */
export async function readRequests(
  aws: Aws,
  balancer: BalancerRef,
  now: number,
  signal: AbortSignal,
): Promise<MetricPoint> {
  try {
    const metrics = (await requestMetrics(aws, balancer, signal))
      .map((metric) => ({ metric, stat: "Sum", of: "the load balancer" }));
    const points = await readPoints(aws, metrics, { period: PERIOD, now, signal });
    if (points.length === 0) return { value: 0, at: now - DELAY * 1_000 };
    const at = Math.max(...points.map((point) => point.at));
    // The datapoints of several target groups may arrive one after another.
    const current = points.filter((point) => point.at >= at - PERIOD * 1_000);
    return { value: current.reduce((sum, { value }) => sum + value, 0), at };
  } catch (cause) {
    throw cause instanceof NoRequestsError ? new SourceError(cause.message, { cause }) : cause;
  }
}
