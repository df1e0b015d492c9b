/**
 * Metric alarms: reads and validates the input of PutMetricAlarm, and formats alarms for DescribeAlarms.
 *
 * @module
 */
import {
  boolean,
  integer,
  number,
  oneOf,
  required,
  shapes,
  text,
  texts,
  validationError,
} from "../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Shape } from "../wire/action.ts";
import type { Dimension, Metric } from "./metered.ts";
import {
  COMPARISON_NAMES,
  MISSING_DATA,
  type MissingData,
  type Rule,
  type State,
  STATES,
} from "./alarm_evaluation.ts";
import { type Statistic, STATISTICS } from "./metrics.ts";

/** The ARNs of an alarm's actions, by the alarm state that runs them. */
export type AlarmActions = Readonly<Record<State, readonly string[]>>;

/** An alarm's configuration. */
export interface AlarmDefinition {
  readonly name: string;
  readonly description: string | undefined;
  readonly actions: AlarmActions;
  readonly metric: Metric;
  readonly statistic: Statistic;
  readonly unit: string | undefined;
  /** The alarm's period in seconds. */
  readonly period: number;
  readonly rule: Rule;
  /** The optional parameters as the PutMetricAlarm request gave them, without defaults. `rule` contains the defaults. */
  readonly requested: {
    readonly datapointsToAlarm: number | undefined;
    readonly treatMissingData: MissingData | undefined;
  };
}

/** A metric alarm and its current state. All times are in ms since the epoch. */
export interface Alarm {
  definition: AlarmDefinition;
  readonly arn: string;
  actionsEnabled: boolean;
  state: State;
  reason: string;
  /** CloudWatch's StateReasonData as JSON text. */
  reasonData: string | undefined;
  configuredAt: number;
  /** Time at which the alarm state was last set, even without a change. */
  updatedAt: number;
  /** Time at which the alarm state last changed. */
  transitionedAt: number;
}

/** Names of the PutMetricAlarm parameters that list the actions, by alarm state. */
const ACTION_MEMBERS = {
  OK: "OKActions",
  ALARM: "AlarmActions",
  INSUFFICIENT_DATA: "InsufficientDataActions",
} as const satisfies Record<State, string>;

/** Returns an alarm's ARN. */
export function alarmArn(region: string, name: string): string {
  return `arn:aws:cloudwatch:${region}:${ACCOUNT_ID}:alarm:${name}`;
}

/**
 * Reads the input of PutMetricAlarm. Throws AwsError if CloudWatch rejects the input or the sandbox does not support the
 * requested alarm.
 */
export function readAlarmDefinition(input: Shape): AlarmDefinition {
  const name = required(text(input, "AlarmName"), "AlarmName");
  if (name === "" || name.length > 255) {
    throw validationError("Value at 'alarmName' must have a length from 1 to 255");
  }
  const description = text(input, "AlarmDescription");
  if ((description?.length ?? 0) > 1_024) {
    throw validationError("Value at 'alarmDescription' must have a length of 1024 at most");
  }
  for (const member of ["Metrics", "ThresholdMetricId", "ExtendedStatistic", "EvaluationCriteria"]) {
    if (input[member] !== undefined) {
      throw new AwsError(
        "InvalidParameterValue",
        `The sandbox supports alarms on one metric and one statistic only; it does not support ${member}`,
      );
    }
  }
  const treatMissingData = oneOf(input, "TreatMissingData", MISSING_DATA);
  const evaluationPeriods = required(integer(input, "EvaluationPeriods", 1, 86_400), "EvaluationPeriods");
  const datapointsToAlarm = integer(input, "DatapointsToAlarm", 1, evaluationPeriods);
  return {
    name,
    description,
    actions: {
      OK: readActions(input, "OK"),
      ALARM: readActions(input, "ALARM"),
      INSUFFICIENT_DATA: readActions(input, "INSUFFICIENT_DATA"),
    },
    metric: readMetric(input),
    statistic: required(oneOf(input, "Statistic", STATISTICS), "Statistic"),
    unit: text(input, "Unit"),
    period: readPeriod(input, evaluationPeriods),
    rule: {
      comparison: required(oneOf(input, "ComparisonOperator", COMPARISON_NAMES), "ComparisonOperator"),
      threshold: required(number(input, "Threshold"), "Threshold"),
      evaluationPeriods,
      datapointsToAlarm: datapointsToAlarm ?? evaluationPeriods,
      treatMissingData: treatMissingData ?? "missing",
    },
    requested: { datapointsToAlarm, treatMissingData },
  };
}

/** Reads ActionsEnabled: whether a state change of the alarm runs the alarm's actions. */
export function readActionsEnabled(input: Shape): boolean {
  return boolean(input, "ActionsEnabled") ?? true;
}

/** Reads the metric that a request names. */
export function readMetric(input: Shape): Metric {
  return {
    Namespace: required(text(input, "Namespace"), "Namespace"),
    MetricName: required(text(input, "MetricName"), "MetricName"),
    Dimensions: readDimensions(input),
  };
}

/** Reads the metric dimensions of a request. */
export function readDimensions(input: Shape): readonly Dimension[] {
  const dimensions = shapes(input, "Dimensions").map((dimension) => ({
    Name: required(text(dimension, "Name"), "Name"),
    Value: required(text(dimension, "Value"), "Value"),
  }));
  if (dimensions.length > 30) throw validationError("Value at 'dimensions' must have 30 members at most");
  return dimensions;
}

function readActions(input: Shape, state: State): readonly string[] {
  const member = ACTION_MEMBERS[state];
  const arns = texts(input, member);
  if (arns.length > 5) throw validationError(`Value at '${member}' must have 5 members at most`);
  const invalid = arns.find((arn) => !arn.startsWith("arn:"));
  if (invalid !== undefined) throw validationError(`Invalid arn syntax: ${invalid}`);
  return arns;
}

function readPeriod(input: Shape, evaluationPeriods: number): number {
  const seconds = required(number(input, "Period"), "Period");
  if (![10, 20, 30].includes(seconds) && !(seconds > 0 && seconds % 60 === 0)) {
    throw validationError("Period must be 10, 20, 30 or a multiple of 60");
  }
  const [max, span] = seconds >= 3_600 ? [604_800, "seven days"] : [86_400, "a day"];
  if (seconds * evaluationPeriods > max) {
    throw validationError(
      `Metrics cannot be checked across more than ${span} (EvaluationPeriods * Period must be <= ${max})`,
    );
  }
  return seconds;
}

/** Formats an alarm as an item of a DescribeAlarms response. */
export function alarmShape(alarm: Alarm): Shape {
  const { definition } = alarm;
  return {
    AlarmName: definition.name,
    AlarmArn: alarm.arn,
    AlarmDescription: definition.description,
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredAt),
    ActionsEnabled: alarm.actionsEnabled,
    ...Object.fromEntries(STATES.map((state) => [ACTION_MEMBERS[state], definition.actions[state]])),
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateReasonData: alarm.reasonData,
    StateUpdatedTimestamp: new Date(alarm.updatedAt),
    StateTransitionedTimestamp: new Date(alarm.transitionedAt),
    ...definition.metric,
    Statistic: definition.statistic,
    Period: definition.period,
    Unit: definition.unit,
    EvaluationPeriods: definition.rule.evaluationPeriods,
    DatapointsToAlarm: definition.requested.datapointsToAlarm,
    Threshold: definition.rule.threshold,
    ComparisonOperator: definition.rule.comparison,
    TreatMissingData: definition.requested.treatMissingData,
  };
}
