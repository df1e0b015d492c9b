/**
 * Converts the values of flags to {@linkcode Limits}. settings/settings.ts has the flags, with their defaults and help.
 *
 * @module
 */
import { UsageError } from "../../cli/command.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import type { PolicySpec } from "../../scaling/model/load/policy.ts";
import type { MetricSpecs } from "../../settings/metrics/spec.ts";
import { unknownNames } from "../../settings/metrics/unknown_names.ts";

/** The values of the flags that set limits. Durations are in ms. */
export interface LimitFlags {
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly policies: readonly PolicySpec[] | undefined;
  readonly grow: string | undefined;
  readonly shrink: "stop" | "terminate";
  readonly resync: number;
  readonly metricDelay: number;
  readonly unhealthyAfter: number;
  readonly warmup: number;
  readonly cooldownOut: number;
  readonly cooldownIn: number;
}

/** Returns the limits that the flags set. Omits a limit whose flag is not set, and `shrink` if it is `stop`, its default. */
export function limitsOf(
  { min, max, policies, grow, shrink, resync, metricDelay, warmup, cooldownOut, cooldownIn, unhealthyAfter }:
    LimitFlags,
): Limits {
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    warmup,
    cooldownOut,
    cooldownIn,
    resync,
    metricDelay,
    unhealthyAfter,
    ...(policies === undefined ? {} : { policies }),
    ...(grow === undefined ? {} : { grow }),
    ...(shrink === "stop" ? {} : { shrink }),
  };
}

/**
 * Checks that formulas use only metrics that exist.
 *
 * @throws {UsageError} if a formula uses an unknown metric; the message names the place
 */
export function requireMetrics(
  { policies, metrics }: Pick<LimitFlags, "policies"> & { readonly metrics: MetricSpecs | undefined },
): void {
  const unknown = unknownNames(policies, Object.keys(metrics ?? {}));
  if (unknown.length === 0) return;
  throw new UsageError(
    unknown.map(({ path: [index, key], problem }) => `policies[${index}].${key}: ${problem}`).join("; "),
    `metrics, such as {"backlog": {"type": "sqs", "queue": "orders"}}`,
  );
}

/**
 * Checks that the number of instances has an upper bound if kas may launch instances.
 *
 * @throws {UsageError} if `--grow` is set without `--max`
 */
export function requireMax({ grow, max }: Pick<LimitFlags, "grow" | "max">): void {
  if (grow === undefined || max !== undefined) return;
  throw new UsageError(
    "--grow needs --max: the largest number of instances in the fleet, including stopped and failed instances",
    "--max 10",
  );
}
