/**
 * CloudWatch alarms.
 *
 * @module
 */
import type {
  DescribeAlarmsCommandInput,
  MetricAlarm,
  PutMetricAlarmCommandInput,
} from "@aws-sdk/client-cloudwatch";
import {
  type Alarm,
  type AlarmName,
  alarmName,
  type AlarmState,
  parseAlarmName,
} from "../../scaling/model/alarm.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { isNotFound, listIn } from "../errors.ts";
import { allDone } from "../many/batches.ts";
import { gathered, perAccount, shared } from "../many/gather.ts";
import { pages } from "../many/pages.ts";
import { cloudWatch } from "./client.ts";
import { cpuOf, type Metric, sdkMetric } from "./metric.ts";

/** An alarm, including the fields that no scaling rule uses. */
export interface AlarmDetail extends Alarm {
  readonly name: string;
  readonly metric: Metric;
  readonly statistic: string;
  readonly comparison: string;
  readonly evaluations: number;
  readonly actionsEnabled: boolean;
  /** ARNs that CloudWatch notifies when the state becomes ALARM. */
  readonly alarmActions: readonly string[];
  /** ARNs that CloudWatch notifies when the state becomes OK. */
  readonly okActions: readonly string[];
  readonly reason: string;
}

/** An alarm to create, on the CPU of the instance in its name or on the requests of a load balancer. */
export type AlarmPlan =
  & AlarmSettings
  & ({ readonly kind: "cpuhigh" | "cpulow" } | { readonly kind: "reqcount"; readonly requests: Metric });

interface AlarmSettings extends Omit<AlarmName, "kind"> {
  readonly threshold: number;
  /** The length of one period in seconds. */
  readonly period: number;
  readonly evaluations: number;
  /** ARN of the topic that the alarm notifies. Without a topic, kas only reads the alarm's state (R2). */
  readonly topicArn?: string | undefined;
}

/**
 * The comparison of every alarm. cpulow is OK while the CPU is below its threshold. Source: CloudWatch API,
 * ComparisonOperator.
 */
export const COMPARISON = "GreaterThanOrEqualToThreshold";

/** Maximum number of alarms in one call. Source: CloudWatch API, DescribeAlarms, DeleteAlarms. */
export const MAX_ALARMS = 100;

/**
 * The statistic and the treatment of missing data by kind.
 *
 * A stopped instance has no CPU datapoints. With `missing`, its alarms become INSUFFICIENT_DATA, and kas does nothing.
 * With `notBreaching`, its cpulow would become OK and request a scale-in. A balancer without requests has no datapoints
 * either. For reqcount `notBreaching` is right, because no requests mean no load.
 */
const KINDS = {
  cpuhigh: { Statistic: "Average", TreatMissingData: "missing" },
  cpulow: { Statistic: "Average", TreatMissingData: "missing" },
  reqcount: { Statistic: "Sum", TreatMissingData: "notBreaching" },
} as const;

/** Returns the metric of an alarm to create. */
export function metricOf(plan: AlarmPlan): Metric {
  return plan.kind === "reqcount" ? plan.requests : cpuOf(plan.dimension);
}

/** Lists the fleet's alarms. Leaves out an alarm whose name does not have the form of kas's alarm names. */
export async function fleetAlarms(aws: Aws, fleet: string, signal?: AbortSignal): Promise<AlarmDetail[]> {
  const alarms = await describe(aws, { AlarmNamePrefix: `${fleet}:`, MaxRecords: MAX_ALARMS }, signal);
  return alarms.filter((alarm) => alarm.fleet === fleet);
}

/** Lists the fleet's alarms as {@linkcode fleetAlarms} does. Concurrent listings of a fleet share their calls. */
export function sharedAlarms(aws: Aws, fleet: string, signal?: AbortSignal): Promise<readonly AlarmDetail[]> {
  return listings(aws, fleet)(signal);
}

const listings = perAccount((aws, fleet: string) => shared((signal) => fleetAlarms(aws, fleet, signal)));

/** Finds an alarm by its name. */
export async function findAlarm(
  aws: Aws,
  name: AlarmName,
  signal?: AbortSignal,
): Promise<AlarmDetail | undefined> {
  const [alarm] = await describe(aws, { AlarmNames: [alarmName(name)] }, signal);
  return alarm;
}

async function describe(
  aws: Aws,
  which: Pick<DescribeAlarmsCommandInput, "AlarmNamePrefix" | "AlarmNames" | "MaxRecords">,
  signal: AbortSignal | undefined,
): Promise<AlarmDetail[]> {
  const [client, { DescribeAlarmsCommand }] = await cloudWatch(aws);
  const request = { ...which, AlarmTypes: ["MetricAlarm" as const] };
  const answers = pages(
    (NextToken) => client.send(new DescribeAlarmsCommand({ ...request, NextToken }), sendOptions(signal)),
    ({ NextToken }) => NextToken,
  );
  const alarms: AlarmDetail[] = [];
  for await (const { MetricAlarms } of answers) {
    const found = listIn(MetricAlarms, "CloudWatch", "alarms");
    alarms.push(...found.map(alarmOf).filter((alarm) => alarm !== undefined));
  }
  return alarms;
}

/** Creates or updates an alarm. An existing alarm keeps its state. */
export async function putAlarm(aws: Aws, plan: AlarmPlan, signal?: AbortSignal): Promise<void> {
  const [client, { PutMetricAlarmCommand }] = await cloudWatch(aws);
  const actions = plan.topicArn === undefined ? [] : [plan.topicArn];
  const request: PutMetricAlarmCommandInput = {
    AlarmName: alarmName(plan),
    AlarmDescription: `kas scales fleet ${plan.fleet} by this alarm`,
    ...sdkMetric(metricOf(plan)),
    ...KINDS[plan.kind],
    ComparisonOperator: COMPARISON,
    Threshold: plan.threshold,
    Period: plan.period,
    EvaluationPeriods: plan.evaluations,
    ActionsEnabled: true,
    AlarmActions: actions,
    OKActions: actions,
  };
  await client.send(new PutMetricAlarmCommand(request), sendOptions(signal));
}

/** Deletes an alarm, if it exists. Alarms that are deleted at the same time share a call. */
export async function deleteAlarm(aws: Aws, name: string): Promise<void> {
  await deletions(aws)(name);
}

const deletions = perAccount((aws) =>
  gathered(async (names) => {
    await deleteAlarms(aws, names);
    return allDone(names);
  }, { size: MAX_ALARMS })
);

/** Deletes alarms. Alarms that do not exist are ignored. */
export async function deleteAlarms(aws: Aws, names: readonly string[], signal?: AbortSignal): Promise<void> {
  for (let i = 0; i < names.length; i += MAX_ALARMS) {
    await deleteBatch(aws, names.slice(i, i + MAX_ALARMS), signal);
  }
}

/**
 * Deletes alarms in one call. If one of them does not exist, CloudWatch may fail and delete none of the others: then each half has
 * its own call. Source: CloudWatch API, DeleteAlarms, whose older and newer versions differ about the others.
 */
async function deleteBatch(
  aws: Aws,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const [client, { DeleteAlarmsCommand }] = await cloudWatch(aws);
  try {
    await client.send(new DeleteAlarmsCommand({ AlarmNames: [...names] }), sendOptions(signal));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (names.length === 1) return;
    const middle = Math.ceil(names.length / 2);
    await deleteBatch(aws, names.slice(0, middle), signal);
    await deleteBatch(aws, names.slice(middle), signal);
  }
}

/**
 * Sets an alarm's state until CloudWatch next evaluates the alarm. CloudWatch runs the alarm's actions as for any
 * change of state.
 */
export async function setAlarmState(
  aws: Aws,
  name: string,
  state: AlarmState,
  reason: string,
): Promise<void> {
  const [client, { SetAlarmStateCommand }] = await cloudWatch(aws);
  await client.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: state, StateReason: reason }));
}

/** Converts CloudWatch's alarm. Returns undefined if the name does not have the form of kas's alarm names. */
function alarmOf(found: MetricAlarm): AlarmDetail | undefined {
  const name = parseAlarmName(found.AlarmName ?? "");
  if (name === undefined) return undefined;
  return {
    ...name,
    name: found.AlarmName ?? "",
    state: stateOf(found),
    threshold: found.Threshold ?? NaN,
    period: found.Period ?? 0,
    changed: (found.StateTransitionedTimestamp ?? found.StateUpdatedTimestamp)?.getTime() ?? 0,
    metric: {
      namespace: found.Namespace ?? "",
      name: found.MetricName ?? "",
      dimensions: Object.fromEntries((found.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
    },
    statistic: found.Statistic ?? found.ExtendedStatistic ?? "",
    comparison: found.ComparisonOperator ?? "",
    evaluations: found.EvaluationPeriods ?? 0,
    actionsEnabled: found.ActionsEnabled ?? false,
    alarmActions: found.AlarmActions ?? [],
    okActions: found.OKActions ?? [],
    reason: found.StateReason ?? "",
  };
}

/**
 * Returns the state of an alarm. If the alarm has an EvaluationState, CloudWatch could not evaluate it fully. kas then
 * reads OK as INSUFFICIENT_DATA, because OK of cpulow requests a scale-in. kas keeps ALARM, because ALARM prevents a
 * scale-in. Source: CloudWatch API, MetricAlarm, EvaluationState.
 */
function stateOf({ StateValue = "INSUFFICIENT_DATA", EvaluationState }: MetricAlarm): AlarmState {
  return StateValue === "OK" && EvaluationState !== undefined ? "INSUFFICIENT_DATA" : StateValue;
}
