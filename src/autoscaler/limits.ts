/**
 * The limits of scaling as the flags give them.
 *
 * @module
 */
import { UsageError } from "../cli/command.ts";
import type { Limits } from "../scaling/model/limits.ts";

/** The flags that limits come from. Times are ms. */
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

/** The limits of flags. A limit that is not set, or is the default, is left out. */
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
 * Launching needs an upper bound.
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
