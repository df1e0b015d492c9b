/**
 * The latest CPU utilization and CPU credits of instances.
 *
 * @module
 */
import type { Datapoint } from "../../scaling/model/load/metric.ts";
import type { Aws } from "../clients.ts";
import type { Monitoring } from "../ec2/ec2_instance.ts";
import { awaitAll } from "../many/await_all.ts";
import { latestPoints, MAX_QUERIES, readPoints } from "./metric_data.ts";
import { cpuOf, creditsOf, type Metric } from "./metric.ts";

/**
 * Maximum number of concurrent calls. CloudWatch allows 50 calls a second. Source: CloudWatch quotas, GetMetricData.
 */
const MAX_CALLS = 4;

/**
 * kas ignores a datapoint that began more than this many periods ago. The newest datapoint began up to two periods ago,
 * and arrives up to three minutes late.
 */
const RECENT_PERIODS = 6;

/**
 * With basic monitoring, kas ignores a datapoint that began more than this many seconds ago: two periods of five
 * minutes, and five minutes for CloudWatch's delay.
 */
const RECENT_BASIC = 900;

/** The period of CPUCreditBalance, in s. Source: EC2 user guide, "Additional CloudWatch metrics for burstable performance instances". */
const CREDIT_PERIOD = 300;

/** An instance whose CPU utilization kas reads. Without `monitoring`, kas assumes basic monitoring. */
export interface MeasuredInstance {
  readonly id: string;
  readonly monitoring?: Monitoring | undefined;
}

/**
 * The latest average CPUUtilization by instance id. An instance without a recent datapoint is absent.
 *
 * Throws an IncompleteAnswerError if CloudWatch did not read every metric, because kas must be able to tell an
 * instance that CloudWatch did not read from an instance without datapoints.
 *
 * @param period the length of the metric's period in s
 * @param now the current time in ms since the epoch
 */
export async function latestCpu(
  aws: Aws,
  instances: readonly MeasuredInstance[],
  period: number,
  signal?: AbortSignal,
  now: number = Date.now(),
): Promise<Map<string, Datapoint>> {
  return await latestOf(aws, cpuOf, batchesOf(instances, period), period, signal, now);
}

/**
 * The average CPUUtilization of the last `span` seconds by instance id, the oldest datapoint first. Throws an IncompleteAnswerError as
 * {@linkcode latestCpu} does.
 *
 * @param period the length of the metric's period in s
 * @param now the current time in ms since the epoch
 */
export async function recentCpu(
  aws: Aws,
  ids: readonly string[],
  { period, span, now }: { readonly period: number; readonly span: number; readonly now: number },
  signal?: AbortSignal,
): Promise<Map<string, readonly Datapoint[]>> {
  const recent = new Map<string, readonly Datapoint[]>();
  await forEach(batchesIn(ids, span), async ({ ids, recent: span }) => {
    const queries = ids.map((of) => ({ metric: cpuOf(of), period, stat: "Average", of }));
    const all = await readPoints(aws, queries, { recent: span, now, signal });
    for (const [index, id] of ids.entries()) {
      const points = (all[index] ?? []).toSorted((a, b) => a.at - b.at);
      recent.set(id, points.map(({ value, at }) => ({ percent: value, at })));
    }
  });
  return recent;
}

/**
 * The latest CPU credit balance of T instances, by instance id. An instance without a recent datapoint is absent. Throws an
 * IncompleteAnswerError as {@linkcode latestCpu} does.
 *
 * @param now the current time in ms since the epoch
 */
export async function latestCredits(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
  now: number = Date.now(),
): Promise<Map<string, number>> {
  const batches = batchesOf(ids.map((id) => ({ id })), CREDIT_PERIOD);
  const latest = await latestOf(aws, creditsOf, batches, CREDIT_PERIOD, signal, now);
  return new Map(Array.from(latest, ([id, { percent }]) => [id, percent]));
}

/** Reads the latest average of a metric of instances. */
async function latestOf(
  aws: Aws,
  metricOf: (id: string) => Metric,
  batches: Iterable<Batch>,
  period: number,
  signal: AbortSignal | undefined,
  now: number,
): Promise<Map<string, Datapoint>> {
  const latest = new Map<string, Datapoint>();
  await forEach(batches, async ({ ids, recent }) => {
    const queries = ids.map((of) => ({ metric: metricOf(of), period, stat: "Average", of }));
    const points = await latestPoints(aws, queries, { recent, now, signal });
    for (const [index, id] of ids.entries()) {
      const point = points[index];
      if (point !== undefined) latest.set(id, { percent: point.value, at: point.at });
    }
  });
  return latest;
}

/** The instances of one call. */
interface Batch {
  readonly ids: readonly string[];
  /** kas reads the datapoints that began at most this many seconds ago. */
  readonly recent: number;
}

function* batchesOf(instances: readonly MeasuredInstance[], period: number): Generator<Batch, void> {
  const recent = RECENT_PERIODS * period;
  const spans = { detailed: recent, basic: Math.max(recent, RECENT_BASIC) };
  for (const [monitoring, group] of Map.groupBy(instances, ({ monitoring = "basic" }) => monitoring)) {
    yield* batchesIn(group.map(({ id }) => id), spans[monitoring]);
  }
}

function* batchesIn(ids: readonly string[], recent: number): Generator<Batch, void> {
  for (let i = 0; i < ids.length; i += MAX_QUERIES) yield { ids: ids.slice(i, i + MAX_QUERIES), recent };
}

/**
 * Runs `work` for each item, {@linkcode MAX_CALLS} at a time. After a failure, it starts no further work, waits for the
 * work in progress, and throws the error.
 */
async function forEach<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const rest = Iterator.from(items);
  let failed = false;
  const worker = async () => {
    for (const item of rest) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await awaitAll(Array.from({ length: MAX_CALLS }, worker));
}
