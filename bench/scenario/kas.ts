/**
 * kas's policy: the decision code of production with its default limits. It gets a notification for each change of an
 * alarm, and reconciles every minute.
 *
 * @module
 */
import type { Limits } from "../../src/scaling/model/limits.ts";
import { kasPolicy } from "../../src/scaling/simulate/autoscaler.ts";
import type { Policy } from "../../src/scaling/simulate/play.ts";
import { SETTINGS } from "../../src/settings/settings.ts";

const DEFAULTS = (["warmup", "cooldownOut", "cooldownIn", "resync", "metricDelay"] as const).map((name) =>
  [name, SETTINGS[name].parse(SETTINGS[name].default)] as const
);

/** The default limits. */
export const LIMITS = Object.fromEntries(DEFAULTS) as unknown as Limits;

/** kas with some of its limits changed. */
export function kas(limits: Partial<Limits> = {}): Policy {
  return kasPolicy({ limits: { ...LIMITS, ...limits } });
}
