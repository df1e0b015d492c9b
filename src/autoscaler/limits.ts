/**
 * Converts flags to the limits of scaling.
 *
 * @module
 */
import { UsageError } from "../cli/command.ts";
import type { Limits } from "../scaling/model/limits.ts";

/** The flags that set limits. Times are in ms. */
export interface LimitFlags {
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly grow: string | undefined;
  readonly shrink: "stop" | "terminate";
  readonly resync: number;
  readonly metricDelay: number;
  readonly warmup: number;
  readonly cooldownOut: number;
  readonly cooldownIn: number;
}

/** Returns the limits that the flags set. Limits that are not set or have their default are left out. */
export function limitsOf(
  { min, max, grow, shrink, resync, metricDelay, warmup, cooldownOut, cooldownIn }: LimitFlags,
): Limits {
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    warmup,
    cooldownOut,
    cooldownIn,
    resync,
    metricDelay,
    ...(grow === undefined ? {} : { grow }),
    ...(shrink === "stop" ? {} : { shrink }),
  };
}

/**
 * Checks that launching has an upper bound.
 *
 * @throws {UsageError} if `--grow` is set without `--max`
 */
export function requireMax({ grow, max }: Pick<LimitFlags, "grow" | "max">): void {
  if (grow === undefined || max !== undefined) return;
  throw new UsageError(
    "--grow needs --max: the largest number of instances in the fleet, with stopped and failed ones",
    "--max 10",
  );
}
