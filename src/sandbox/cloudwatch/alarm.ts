/**
 * A metric alarm: what PutMetricAlarm asks for, checked, and what DescribeAlarms shows.
 *
 * @module
 */
import { flag, invalid, needed, number, shapes, text, texts, whole, word } from "../wire/input.ts";
import { ACCOUNT, AwsError, type Dimension, type Metric, type Shape } from "../wire/service.ts";
import {
  COMPARISON_NAMES,
  MISSING_DATA,
  type MissingData,
  type Rule,
  type State,
  STATES,
} from "./alarm_evaluation.ts";
import { type Statistic, STATISTICS } from "./metrics.ts";

/** The actions of each state: ARNs. */
export type Actions = Readonly<Record<State, readonly string[]>>;

/** An alarm as it was put. */
export interface Definition {
  readonly name: string;
  readonly description: string | undefined;
  readonly actions: Actions;
  readonly metric: Metric;
  readonly statistic: Statistic;
  readonly unit: string | undefined;
  /** s. */
  readonly period: number;
  readonly rule: Rule;
  /** As they were given; the rule has the defaults too. */
  readonly given: {
    readonly datapointsToAlarm: number | undefined;
    readonly treatMissingData: MissingData | undefined;
  };
}

/** An alarm with its state. Times are ms since the epoch. */
export interface Alarm {
  definition: Definition;
  readonly arn: string;
  actionsEnabled: boolean;
  state: State;
  reason: string;
  /** JSON. */
  reasonData: string | undefined;
  configured: number;
  /** When the state was last set. */
  updated: number;
  /** When it last changed. */
  transitioned: number;
}

/** Which input member holds the actions of a state. */
const ACTION_MEMBERS = {
  OK: "OKActions",
  ALARM: "AlarmActions",
  INSUFFICIENT_DATA: "InsufficientDataActions",
} as const satisfies Record<State, string>;

/** An alarm's ARN. */
export function alarmArn(region: string, name: string): string {
  return `arn:aws:cloudwatch:${region}:${ACCOUNT}:alarm:${name}`;
}

/** Reads the input of PutMetricAlarm. Throws AwsError where CloudWatch refuses it, and for what the sandbox cannot evaluate. */
export function definition(input: Shape): Definition {
  const name = needed(text(input, "AlarmName"), "AlarmName");
  if (name === "" || name.length > 255) {
    throw invalid("Value at 'alarmName' must have a length from 1 to 255");
  }
  const description = text(input, "AlarmDescription");
  if ((description?.length ?? 0) > 1_024) {
    throw invalid("Value at 'alarmDescription' must have a length of 1024 at most");
  }
  for (const member of ["Metrics", "ThresholdMetricId", "ExtendedStatistic", "EvaluationCriteria"]) {
    if (input[member] !== undefined) {
      throw new AwsError(
        "InvalidParameterValue",
        `The sandbox evaluates alarms on one metric and statistic only, not ${member}`,
      );
    }
  }
  const treatMissingData = word(input, "TreatMissingData", MISSING_DATA);
  const evaluationPeriods = needed(whole(input, "EvaluationPeriods", 1, 86_400), "EvaluationPeriods");
  const datapointsToAlarm = whole(input, "DatapointsToAlarm", 1, evaluationPeriods);
  return {
    name,
    description,
    actions: {
      OK: actions(input, "OK"),
      ALARM: actions(input, "ALARM"),
      INSUFFICIENT_DATA: actions(input, "INSUFFICIENT_DATA"),
    },
    metric: metric(input),
    statistic: needed(word(input, "Statistic", STATISTICS), "Statistic"),
    unit: text(input, "Unit"),
    period: period(input, evaluationPeriods),
    rule: {
      comparison: needed(word(input, "ComparisonOperator", COMPARISON_NAMES), "ComparisonOperator"),
      threshold: needed(number(input, "Threshold"), "Threshold"),
      evaluationPeriods,
      datapointsToAlarm: datapointsToAlarm ?? evaluationPeriods,
      treatMissingData: treatMissingData ?? "missing",
    },
    given: { datapointsToAlarm, treatMissingData },
  };
}

/** Whether the input of PutMetricAlarm lets the actions run. */
export function actionsEnabled(input: Shape): boolean {
  return flag(input, "ActionsEnabled") ?? true;
}

/** Reads the metric that an input names. */
export function metric(input: Shape): Metric {
  return {
    Namespace: needed(text(input, "Namespace"), "Namespace"),
    MetricName: needed(text(input, "MetricName"), "MetricName"),
    Dimensions: dimensions(input),
  };
}

/** Reads the dimensions of an input. */
export function dimensions(input: Shape): readonly Dimension[] {
  const found = shapes(input, "Dimensions").map((dimension) => ({
    Name: needed(text(dimension, "Name"), "Name"),
    Value: needed(text(dimension, "Value"), "Value"),
  }));
  if (found.length > 30) throw invalid("Value at 'dimensions' must have 30 members at most");
  return found;
}

function actions(input: Shape, state: State): readonly string[] {
  const member = ACTION_MEMBERS[state];
  const arns = texts(input, member);
  if (arns.length > 5) throw invalid(`Value at '${member}' must have 5 members at most`);
  const bad = arns.find((arn) => !arn.startsWith("arn:"));
  if (bad !== undefined) throw invalid(`Invalid arn syntax: ${bad}`);
  return arns;
}

function period(input: Shape, evaluationPeriods: number): number {
  const seconds = needed(number(input, "Period"), "Period");
  if (![10, 20, 30].includes(seconds) && !(seconds > 0 && seconds % 60 === 0)) {
    throw invalid("Period must be 10, 20, 30 or a multiple of 60");
  }
  const [most, words] = seconds >= 3_600 ? [604_800, "seven days"] : [86_400, "a day"];
  if (seconds * evaluationPeriods > most) {
    throw invalid(
      `Metrics cannot be checked across more than ${words} (EvaluationPeriods * Period must be <= ${most})`,
    );
  }
  return seconds;
}

/** A MetricAlarm of DescribeAlarms. */
export function described(alarm: Alarm): Shape {
  const { definition } = alarm;
  return {
    AlarmName: definition.name,
    AlarmArn: alarm.arn,
    AlarmDescription: definition.description,
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configured),
    ActionsEnabled: alarm.actionsEnabled,
    ...Object.fromEntries(STATES.map((state) => [ACTION_MEMBERS[state], definition.actions[state]])),
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateReasonData: alarm.reasonData,
    StateUpdatedTimestamp: new Date(alarm.updated),
    StateTransitionedTimestamp: new Date(alarm.transitioned),
    ...definition.metric,
    Statistic: definition.statistic,
    Period: definition.period,
    Unit: definition.unit,
    EvaluationPeriods: definition.rule.evaluationPeriods,
    DatapointsToAlarm: definition.given.datapointsToAlarm,
    Threshold: definition.rule.threshold,
    ComparisonOperator: definition.rule.comparison,
    TreatMissingData: definition.given.treatMissingData,
  };
}
