/**
 * The CPU utilization of instances over the last days.
 *
 * @module
 */
import type { Aws } from "../clients.ts";
import { allPoints, MAX_QUERIES, type MetricPoint } from "./metric_data.ts";
import { cpuOf } from "./metric.ts";
import type { MeasuredInstance } from "./cpu.ts";

/**
 * How long CloudWatch keeps datapoints of a minute, in ms. Source: CloudWatch user guide, "Metrics retention": 15 days.
 */
export const MINUTES_KEPT = 15 * 86_400_000;

/** The period of the datapoints, in s. With basic monitoring, only every fifth minute has a datapoint. */
const PERIOD = 60;

/** Datapoints of the CPU of one instance, in percent. */
export interface CpuPoints<T extends MeasuredInstance> {
  readonly instance: T;
  readonly points: readonly MetricPoint[];
}

/**
 * Reads the average CPUUtilization of instances by minutes. An instance has its datapoints in several parts.
 *
 * @param from the beginning of the time, in ms since the epoch
 * @param to the end of the time, in ms since the epoch
 */
export async function* cpuHistory<T extends MeasuredInstance>(
  aws: Aws,
  instances: readonly T[],
  time: { readonly from: number; readonly to: number; readonly signal: AbortSignal },
): AsyncGenerator<CpuPoints<T>, void> {
  for (let i = 0; i < instances.length; i += MAX_QUERIES) {
    const some = instances.slice(i, i + MAX_QUERIES);
    const queries = some.map(({ id: of }) => ({ metric: cpuOf(of), period: PERIOD, stat: "Average", of }));
    for await (const { query, points } of allPoints(aws, queries, time)) {
      const instance = some[query];
      if (instance !== undefined) yield { instance, points };
    }
  }
}
