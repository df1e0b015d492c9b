/**
 * The alarms that a fleet is watched with, and bringing CloudWatch's into line with them.
 *
 * @module
 */
import {
  type AlarmDetail,
  type AlarmPlan,
  COMPARISON,
  metricOf,
  putAlarm,
} from "../../aws/cloudwatch/alarms.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Metric, sameMetric } from "../../aws/cloudwatch/metric.ts";

/** Thresholds of CPU, percent. */
export interface CpuThresholds {
  readonly low: number;
  readonly high: number;
}

/** When and whom an alarm tells. */
export interface Watch {
  readonly fleet: string;
  /** s. */
  readonly period: number;
  /** Periods in a row. */
  readonly evaluations: number;
  /** Absent: it tells nobody. */
  readonly topicArn?: string | undefined;
}

/** Parses `LOW:HIGH`. */
export function cpuThresholds(value: string): CpuThresholds {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(value);
  const low = Number(match?.[1]);
  const high = Number(match?.[2]);
  if (match === null || low >= high || low <= 0 || high > 100) {
    throw new TypeError("expected LOW:HIGH in percent, such as 42:80, the lower first");
  }
  return { low, high };
}

/** Parses a period, s. Source: CloudWatch API, PutMetricAlarm, Period; AWS/EC2 and AWS/ELB publish by the minute. */
export function period(value: string): number {
  const seconds = Number(value);
  if (!/^\d+$/.test(value) || seconds === 0 || seconds % 60 !== 0 || seconds > 86_400) {
    throw new TypeError("expected a multiple of 60 seconds up to 86400");
  }
  return seconds;
}

/** The two alarms of an instance. */
export function cpuAlarms(watch: Watch, instance: string, { low, high }: CpuThresholds): AlarmPlan[] {
  return [
    { ...watch, kind: "cpuhigh", dimension: instance, threshold: high },
    { ...watch, kind: "cpulow", dimension: instance, threshold: low },
  ];
}

/** An alarm of requests that is there, as it has to be now: what it counts may have moved, and whom it tells. */
export function requestAlarm(
  { fleet, dimension, threshold, period, evaluations, metric }: AlarmDetail,
  topicArn: string | undefined,
  requests: Metric = metric,
): AlarmPlan {
  return { fleet, kind: "reqcount", dimension, threshold, period, evaluations, topicArn, requests };
}

/** What has to be done to an alarm to be as planned. */
export function needed(plan: AlarmPlan, existing: AlarmDetail | undefined): "create" | "update" | undefined {
  if (existing === undefined) return "create";
  const same = existing.threshold === plan.threshold && existing.period === plan.period &&
    existing.evaluations === plan.evaluations && existing.comparison === COMPARISON &&
    sameMetric(existing.metric, metricOf(plan)) &&
    (plan.topicArn === undefined ||
      existing.actionsEnabled && existing.alarmActions.includes(plan.topicArn) &&
        existing.okActions.includes(plan.topicArn));
  return same ? undefined : "update";
}

/** Makes an alarm as planned; what was done. */
export async function ensureAlarm(
  aws: Aws,
  plan: AlarmPlan,
  existing: AlarmDetail | undefined,
): Promise<"created" | "updated" | "unchanged"> {
  const need = needed(plan, existing);
  if (need === undefined) return "unchanged";
  await putAlarm(aws, plan);
  return `${need}d`;
}
