/**
 * The notification that CloudWatch publishes to SNS when an alarm changes its state.
 *
 * Source: CloudWatch user guide, "Notifying users on alarm changes" (schema), and recorded notifications from AWS.
 *
 * @module
 */
import { ACCOUNT_ID } from "../wire/action.ts";
import type { Alarm } from "./alarm.ts";
import type { State } from "./alarm_evaluation.ts";

/** Region names that appear in notifications. Source: AWS General Reference, service endpoints. */
const REGION_NAMES: Readonly<Record<string, string>> = {
  "af-south-1": "Africa (Cape Town)",
  "ap-east-1": "Asia Pacific (Hong Kong)",
  "ap-northeast-1": "Asia Pacific (Tokyo)",
  "ap-northeast-2": "Asia Pacific (Seoul)",
  "ap-northeast-3": "Asia Pacific (Osaka)",
  "ap-south-1": "Asia Pacific (Mumbai)",
  "ap-southeast-1": "Asia Pacific (Singapore)",
  "ap-southeast-2": "Asia Pacific (Sydney)",
  "ca-central-1": "Canada (Central)",
  "eu-central-1": "EU (Frankfurt)",
  "eu-north-1": "EU (Stockholm)",
  "eu-south-1": "EU (Milan)",
  "eu-west-1": "EU (Ireland)",
  "eu-west-2": "EU (London)",
  "eu-west-3": "EU (Paris)",
  "me-south-1": "Middle East (Bahrain)",
  "sa-east-1": "South America (Sao Paulo)",
  "us-east-1": "US East (N. Virginia)",
  "us-east-2": "US East (Ohio)",
  "us-west-1": "US West (N. California)",
  "us-west-2": "US West (Oregon)",
};

/** Returns the name of a region, or its code if the name is unknown. */
export function regionName(region: string): string {
  return REGION_NAMES[region] ?? region;
}

/** Formats a time like CloudWatch's JSON: `2025-09-16T16:59:17.131+0000`. */
export function timestamp(at: number): string {
  return new Date(at).toISOString().replace("Z", "+0000");
}

/** Subject and message of an alarm notification. */
export interface AlarmNotification {
  readonly subject: string;
  readonly message: string;
}

/**
 * Returns the notification for the latest state change of an alarm.
 *
 * @param old the alarm state before the change
 */
export function alarmNotification(alarm: Alarm, old: State, region: string): AlarmNotification {
  const { definition } = alarm;
  const regionLabel = regionName(region);
  const message = {
    AlarmName: definition.name,
    AlarmDescription: definition.description ?? null,
    AWSAccountId: ACCOUNT_ID,
    AlarmConfigurationUpdatedTimestamp: timestamp(alarm.configuredAt),
    NewStateValue: alarm.state,
    NewStateReason: alarm.reason,
    StateChangeTime: timestamp(alarm.transitionedAt),
    Region: regionLabel,
    AlarmArn: alarm.arn,
    OldStateValue: old,
    OKActions: definition.actions.OK,
    AlarmActions: definition.actions.ALARM,
    InsufficientDataActions: definition.actions.INSUFFICIENT_DATA,
    Trigger: {
      MetricName: definition.metric.MetricName,
      Namespace: definition.metric.Namespace,
      StatisticType: "Statistic",
      Statistic: definition.statistic.toUpperCase(),
      Unit: definition.unit ?? null,
      // In alarm notifications, the keys of a dimension start with a lower-case letter, unlike in the CloudWatch API.
      Dimensions: definition.metric.Dimensions.map(({ Name, Value }) => ({ value: Value, name: Name })),
      Period: definition.period,
      EvaluationPeriods: definition.rule.evaluationPeriods,
      // JSON.stringify() omits a key whose value is undefined.
      DatapointsToAlarm: definition.requested.datapointsToAlarm,
      ComparisonOperator: definition.rule.comparison,
      Threshold: definition.rule.threshold,
      TreatMissingData: definition.rule.treatMissingData,
      EvaluateLowSampleCountPercentile: "",
    },
  };
  return { subject: subject(alarm.state, definition.name, regionLabel), message: JSON.stringify(message) };
}

/** Returns the subject of a notification. Cuts a long alarm name, because SNS rejects subjects of 100 characters and more. */
function subject(state: State, name: string, regionLabel: string): string {
  const full = `${state}: "${name}" in ${regionLabel}`;
  return full.length < 100
    ? full
    : `${state}: "${name.slice(0, name.length - (full.length - 96))}..." in ${regionLabel}`;
}
