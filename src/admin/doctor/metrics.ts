/**
 * Reads the metrics that formulas can use, from this machine.
 *
 * @module
 */
import { MetricReader } from "../../autoscaler/telemetry/sources/reader.ts";
import type { Health } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { realRuntime } from "../../runtime.ts";
import type { Observation, Plan } from "./observation.ts";

/** Reads the metrics. Rejects only if the signal aborts. */
export async function readMetrics(
  aws: Aws,
  { balancer, metrics = {} }: Plan,
  healths: () => Promise<readonly Health[]>,
  signal: AbortSignal,
): Promise<Observation["metrics"]> {
  const reader = new MetricReader({ aws, balancer, runtime: realRuntime });
  const serving = async () =>
    (await healths()).filter(({ registration }) => registration === "in-service").length;
  const readings = await reader.read(metrics, serving, signal);
  return { at: realRuntime.clock.now(), readings };
}
