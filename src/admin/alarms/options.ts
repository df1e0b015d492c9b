/**
 * The options for a fleet's alarms, which `kas admin setup` and `kas admin alarms set` share.
 *
 * @module
 */
import type { Options } from "../../cli/command.ts";
import { integer } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import type { CpuThresholds } from "./plans.ts";

/** Parses two CPU thresholds `LOW:HIGH`, in percent. */
export function cpuThresholds(value: string): CpuThresholds {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(value);
  const low = Number(match?.[1]);
  const high = Number(match?.[2]);
  if (match === null || low >= high || low <= 0 || high > 100) {
    throw new TypeError("expected LOW:HIGH in percent, such as 42:80, with LOW below HIGH");
  }
  return { low, high };
}

/**
 * Parses an alarm's period, in seconds. The period is a multiple of 60 s, because EC2 and ELB publish at most one datapoint a
 * minute. Source: CloudWatch API, PutMetricAlarm, Period.
 */
function period(value: string): number {
  const seconds = Number(value);
  if (!/^\d+$/.test(value) || seconds === 0 || seconds % 60 !== 0 || seconds > 86_400) {
    throw new TypeError("expected a multiple of 60 seconds up to 86400");
  }
  return seconds;
}

export const ALARM_OPTIONS = {
  cpu: {
    placeholder: "LOW:HIGH",
    help: "CPU thresholds in percent: kas scales in below LOW, and scales out at HIGH or above",
    default: "42:80",
    parse: cpuThresholds,
  },
  period: { placeholder: "S", help: "period of the alarms, in seconds", default: "60", parse: period },
  evaluations: {
    placeholder: "N",
    help:
      "number of consecutive periods for which the metric must cross the threshold before the alarm changes its state",
    default: "1",
    parse: integer(1, 1_440),
  },
  pull: {
    ...SETTINGS.pull,
    help: "for an autoscaler that runs with --pull: there is no topic, and the alarms have no actions",
  },
} as const satisfies Options;
