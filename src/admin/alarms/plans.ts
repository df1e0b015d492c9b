/**
 * The alarms that a fleet needs, and the changes that make CloudWatch's alarms equal to them.
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

/** The thresholds of an instance's CPU alarms, in percent. */
export interface CpuThresholds {
  readonly low: number;
  readonly high: number;
}

/** The settings that all alarms of a fleet share. */
export interface AlarmSettings {
  readonly fleet: string;
  /** The period of the alarm's metric, in seconds. */
  readonly period: number;
  /** For how many consecutive periods the metric must cross the threshold before the alarm changes its state. */
  readonly evaluations: number;
  /** The topic to notify. Absent: the alarm has no actions. */
  readonly topicArn?: string | undefined;
}

/** Returns the plans for the two CPU alarms of an instance. */
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

/**
 * Returns the plan for an existing request alarm. The alarm keeps its threshold and period, and gets the topic.
 *
 * @param requests the metric that counts the requests; default: the alarm's own metric
 */
export function requestAlarm(
  { fleet, dimension, threshold, period, evaluations, metric }: AlarmDetail,
  topicArn: string | undefined,
  requests: Metric = metric,
): AlarmPlan {
  return { fleet, kind: "reqcount", dimension, threshold, period, evaluations, topicArn, requests };
}

/** Returns the change that makes an alarm match its plan, or undefined if the alarm already matches. */
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

/** Creates or updates an alarm if necessary. Returns what this function did. */
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
