/**
 * The alarms that a fleet should have, and how to change CloudWatch's alarms to match.
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

/** Thresholds of CPU, in percent. */
export interface CpuThresholds {
  readonly low: number;
  readonly high: number;
}

/** The settings that all alarms of a fleet share. */
export interface AlarmSettings {
  readonly fleet: string;
  /** s. */
  readonly period: number;
  /** The number of consecutive periods before the alarm changes. */
  readonly evaluations: number;
  /** The topic to notify. Absent: the alarm has no actions. */
  readonly topicArn?: string | undefined;
}

/** The two alarms of an instance. */
export function cpuAlarms(
  settings: AlarmSettings,
  instance: string,
  { low, high }: CpuThresholds,
): AlarmPlan[] {
  return [
    { ...settings, kind: "cpuhigh", dimension: instance, threshold: high },
    { ...settings, kind: "cpulow", dimension: instance, threshold: low },
  ];
}

/** The plan for an existing request alarm: its metric and its topic may have changed. */
export function requestAlarm(
  { fleet, dimension, threshold, period, evaluations, metric }: AlarmDetail,
  topicArn: string | undefined,
  requests: Metric = metric,
): AlarmPlan {
  return { fleet, kind: "reqcount", dimension, threshold, period, evaluations, topicArn, requests };
}

/** The change that makes an alarm match its plan. */
export function neededChange(
  plan: AlarmPlan,
  existing: AlarmDetail | undefined,
): "create" | "update" | undefined {
  if (existing === undefined) return "create";
  const matches = existing.threshold === plan.threshold && existing.period === plan.period &&
    existing.evaluations === plan.evaluations && existing.comparison === COMPARISON &&
    sameMetric(existing.metric, metricOf(plan)) &&
    (plan.topicArn === undefined ||
      existing.actionsEnabled && existing.alarmActions.includes(plan.topicArn) &&
        existing.okActions.includes(plan.topicArn));
  return matches ? undefined : "update";
}

/** Creates or updates an alarm, and returns what it did. */
export async function ensureAlarm(
  aws: Aws,
  plan: AlarmPlan,
  existing: AlarmDetail | undefined,
): Promise<"created" | "updated" | "unchanged"> {
  const change = neededChange(plan, existing);
  if (change === undefined) return "unchanged";
  await putAlarm(aws, plan);
  return `${change}d`;
}
