/**
 * The latest CPU utilization of instances.
 *
 * @module
 */
import type { Datapoint } from "../../scaling/model/metric.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { awaitAll } from "../await_all.ts";
import { IncompleteAnswerError, listIn } from "../errors.ts";
import { pages } from "../pages.ts";
import { cloudWatch } from "./client.ts";
import { cpuOf, sdkMetric } from "./metric.ts";

/** Queries in one call at most. Source: CloudWatch API, GetMetricData. */
const MAX_QUERIES = 500;

/** Concurrent calls at most. Source: CloudWatch quotas, GetMetricData: 50 a second. */
const MAX_CALLS = 4;

/** Datapoints older than this many periods are ignored. CloudWatch is one or two periods late. */
const RECENT_PERIODS = 5;

/**
 * The latest average CPUUtilization by instance id. An instance without a recent datapoint is absent.
 *
 * Throws {@linkcode IncompleteAnswerError} if CloudWatch did not read every metric: an instance whose load is
 * unknown must not pass for one without datapoints.
 *
 * @param period s
 * @param now ms since the epoch
 */
export async function latestCpu(
  aws: Aws,
  ids: readonly string[],
  period: number,
  signal?: AbortSignal,
  now: number = Date.now(),
): Promise<Map<string, Datapoint>> {
  const [client, { GetMetricDataCommand }] = await cloudWatch(aws);
  const latest = new Map<string, Datapoint>();
  await forEach(batchesOf(ids), async (batch) => {
    const answers = pages(
      (NextToken) => {
        const command = new GetMetricDataCommand({
          StartTime: new Date(now - RECENT_PERIODS * period * 1_000),
          EndTime: new Date(now),
          ScanBy: "TimestampDescending",
          MetricDataQueries: queriesFor(batch, period),
          NextToken,
        });
        return client.send(command, sendOptions(signal));
      },
      ({ NextToken }) => NextToken,
    );
    const statuses = new Map<string | undefined, string | undefined>();
    const notes: string[] = [];
    for await (const { MetricDataResults, Messages = [] } of answers) {
      notes.push(...Messages.map(({ Value = "" }) => Value));
      for (
        const { Id, Timestamps, Values, StatusCode, Messages = [] } of listIn(
          MetricDataResults,
          "CloudWatch",
          "metrics",
        )
      ) {
        // A later page completes what was partial.
        statuses.set(Id, StatusCode);
        notes.push(...Messages.map(({ Value = "" }) => Value));
        const id = batch[Number(Id?.slice(1))];
        const at = Timestamps?.[0]?.getTime();
        const percent = Values?.[0];
        if (id === undefined || at === undefined || percent === undefined) continue;
        if (at > (latest.get(id)?.at ?? -Infinity)) latest.set(id, { percent, at });
      }
    }
    batch.forEach((id, index) => requireComplete(id, statuses.get(`i${index}`), notes));
  });
  return latest;
}

/**
 * Throws unless CloudWatch read an instance's metric. Source: CloudWatch API, MetricDataResult, StatusCode.
 *
 * @param notes CloudWatch's own messages, for example "Maximum number of allowed metrics exceeded"
 */
function requireComplete(id: string, status: string | undefined, notes: readonly string[]): void {
  if (status === "Complete") return;
  const detail = [status ?? "no result", ...notes.filter(Boolean)].join(", ");
  const hint = status === "Forbidden" ? "allow cloudwatch:GetMetricData" : undefined;
  throw new IncompleteAnswerError(`GetMetricData did not read the CPU of ${id} (${detail})`, { hint });
}

type Queries = NonNullable<
  ConstructorParameters<typeof import("../sdk/cloudwatch.ts").GetMetricDataCommand>[0]["MetricDataQueries"]
>;

/** A query id may not contain a hyphen, so it is the instance's index in the batch. */
function queriesFor(batch: readonly string[], period: number): Queries {
  return batch.map((id, index) => ({
    Id: `i${index}`,
    MetricStat: { Metric: sdkMetric(cpuOf(id)), Period: period, Stat: "Average" },
  }));
}

function* batchesOf(ids: readonly string[]): Generator<readonly string[], void> {
  for (let i = 0; i < ids.length; i += MAX_QUERIES) yield ids.slice(i, i + MAX_QUERIES);
}

/**
 * Runs `work` for each item, {@linkcode MAX_CALLS} at a time. After a failure it starts no more, waits for the
 * rest, and throws.
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
