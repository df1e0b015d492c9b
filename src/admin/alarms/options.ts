/**
 * The options for a fleet's alarms, which `kas admin setup` and `kas admin alarms set` share.
 *
 * @module
 */
import type { Options } from "../../cli/command.ts";
import { integer } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import type { CpuThresholds } from "./plans.ts";

/** Parses `LOW:HIGH`. */
export function cpuThresholds(value: string): CpuThresholds {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(value);
  const low = Number(match?.[1]);
  const high = Number(match?.[2]);
  if (match === null || low >= high || low <= 0 || high > 100) {
    throw new TypeError("expected LOW:HIGH in percent, such as 42:80, with LOW below HIGH");
  }
  return { low, high };
}

/** Parses a period, in seconds. Source: CloudWatch API, PutMetricAlarm, Period. AWS/EC2 and AWS/ELB publish a datapoint a minute. */
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
    help: "CPU thresholds in percent: scale in below LOW, scale out from HIGH",
    default: "42:80",
    parse: cpuThresholds,
  },
  period: { placeholder: "S", help: "period of the metric, in seconds", default: "60", parse: period },
  evaluations: {
    placeholder: "N",
    help: "periods in a row before the alarm changes",
    default: "1",
    parse: integer(1, 1_440),
  },
  pull: {
    ...SETTINGS.pull,
    help: "the autoscaler runs with --pull: no topic, alarms without actions",
  },
} as const satisfies Options;
