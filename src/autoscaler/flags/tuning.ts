/**
 * The settings that an operator can change while the autoscaler runs.
 *
 * @module
 */
import { UsageError } from "../../cli/command.ts";
import type { Tuning } from "../assembly_options.ts";
import { limitsOf, requireMax, requireMetrics } from "./limits.ts";
import type { Flags } from "./options.ts";

/**
 * Returns the settings that an operator can change while the autoscaler runs.
 *
 * @throws {UsageError} if settings contradict each other
 */
export function tuningOf(
  flags: Flags,
): Tuning {
  const { min, max, schedules, metrics, grow, shrink, resync, startTimeout, drainTimeout, quarantineFor } =
    flags;
  const { scrape: target, scrapeInterval: interval } = flags;
  if (min !== undefined && max !== undefined && min > max) {
    throw new UsageError(`--min ${min} is greater than --max ${max}`, `--min ${max} --max ${min}`);
  }
  requireMax(flags);
  requireMetrics(flags);
  if (grow === undefined && shrink === "terminate") {
    throw new UsageError(
      "--shrink terminate needs --grow: without --grow no node would be left to start",
      "--shrink stop, or --grow TEMPLATE --max N",
    );
  }
  if (resync === 0) {
    throw new UsageError("--resync 0 would reconcile without a pause", "--resync 60s");
  }
  const scrape = target && { target, interval };
  return { limits: limitsOf(flags), schedules, metrics, startTimeout, drainTimeout, quarantineFor, scrape };
}
