/**
 * The default limits, which come from the defaults of the settings.
 *
 * @module
 */
import type { Limits } from "../../../../src/scaling/model/limits.ts";
import { SETTINGS } from "../../../../src/settings/settings.ts";

const { warmup, cooldownOut, cooldownIn, resync, metricDelay } = SETTINGS;

/** The default limits. */
export const DEFAULTS: Limits = {
  warmup: warmup.parse(warmup.default),
  cooldownOut: cooldownOut.parse(cooldownOut.default),
  cooldownIn: cooldownIn.parse(cooldownIn.default),
  resync: resync.parse(resync.default),
  metricDelay: metricDelay.parse(metricDelay.default),
};
