/**
 * Doctor's check of the metrics that formulas use.
 *
 * @module
 */
import { seconds } from "../../../cli/format.ts";
import type { MetricReading } from "../../../scaling/model/load/view.ts";
import type { MetricSpec } from "../../../settings/metrics/spec.ts";
import { unknownNames } from "../../../settings/metrics/unknown_names.ts";
import { type Check, failed, type Finding, ok, skipped, warning } from "../check.ts";

export const metrics: Check = {
  name: "metrics",
  expects: "each metric of the setting metrics has a value, and formulas use only metrics that exist",
  run: ({ plan, metrics: { at, readings } }) => {
    const unknown = unknownNames(plan.policies, Object.keys(plan.metrics ?? {}))
      .map(({ problem }) =>
        failed(problem, "a metric of this name in metrics, or another name in the formula")
      );
    const specs = Object.entries(plan.metrics ?? {});
    if (specs.length + unknown.length === 0) return ok("no metrics are configured");
    return [...unknown, ...specs.flatMap(([name, spec]) => findingsOf(name, spec, readings[name], at))];
  },
};

function findingsOf(
  name: string,
  { type }: MetricSpec,
  reading: MetricReading | undefined,
  now: number,
): Finding[] {
  // Only the autoscaler has the samples of the instances.
  if (type === "scrape") return skipped(`${name}: the autoscaler reads the metric from the instances`);
  if (reading === undefined) return skipped(`${name}: not read`);
  const { value, at = now, source, why } = reading;
  if (value !== undefined) {
    return ok(`${name} is ${value}, ${seconds(Math.max(0, now - at))} old (${source})`);
  }
  const detail = `${name} has no value: ${why} (${source})`;
  const isWeb = type === "prometheus" || type === "json";
  // A server may answer the autoscaler's machine and not this one.
  return [
    isWeb
      ? warning(`${detail}, asked from this machine`, `metrics.${name}, or the server`)
      : failed(detail, `metrics.${name}, or its permission: kas admin iam-policy autoscaler`),
  ];
}
