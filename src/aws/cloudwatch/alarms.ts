/**
 * CloudWatch: the fleet's alarms, and the latest CPU datapoints.
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
import type { Datapoint } from "../../scaling/decide.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { listIn } from "../errors.ts";
import { cpuOf, type Metric } from "./metric.ts";

/** An alarm with what only people and checks look at. */
export interface AlarmDetail extends Alarm {
  readonly name: string;
  readonly metric: Metric;
  readonly statistic: string;
  readonly comparison: string;
  readonly evaluations: number;
  readonly actionsEnabled: boolean;
  /** ARNs for each state. */
  readonly alarmActions: readonly string[];
  readonly okActions: readonly string[];
  readonly reason: string;
}

/** What to watch: the CPU of the instance that it is named after, or the requests that a load balancer counts. */
export type AlarmPlan =
  & AlarmSettings
  & ({ readonly kind: "cpuhigh" | "cpulow" } | { readonly kind: "reqcount"; readonly requests: Metric });

interface AlarmSettings extends Omit<AlarmName, "kind"> {
  readonly threshold: number;
  /** s. */
  readonly period: number;
  readonly evaluations: number;
  /** Whom it notifies; absent: nobody, and its state is but read (R2). */
  readonly topicArn?: string | undefined;
}

/** How every alarm compares: cpulow is OK while the CPU is below its threshold. Source: CloudWatch API, ComparisonOperator. */
export const COMPARISON = "GreaterThanOrEqualToThreshold";

/** The most that one call takes. Source: CloudWatch API, DescribeAlarms, DeleteAlarms, GetMetricData. */
const MOST = { alarms: 100, names: 100, queries: 500 } as const;

/** Calls for datapoints under way at once. Source: CloudWatch quotas, GetMetricData: 50 a second. */
const AT_ONCE = 4;

/** Datapoints older than this many periods are no news: CloudWatch itself lags by one or two. */
const RECENT_PERIODS = 5;

/**
 * What each kind watches. A stopped instance has no CPU datapoints: `missing` makes its alarms INSUFFICIENT_DATA, which asks
 * for nothing, where `notBreaching` would make cpulow OK and ask for scaling in. A balancer without requests has no datapoints
 * either, but there it means what it says: none, so `notBreaching`.
 */
const KINDS = {
  cpuhigh: { Statistic: "Average", TreatMissingData: "missing" },
  cpulow: { Statistic: "Average", TreatMissingData: "missing" },
  reqcount: { Statistic: "Sum", TreatMissingData: "notBreaching" },
} as const;

/** What an alarm is to watch. */
export function metricOf(plan: AlarmPlan): Metric {
  return plan.kind === "reqcount" ? plan.requests : cpuOf(plan.dimension);
}

/** The fleet's alarms whose names are of kas's form. */
export async function fleetAlarms(aws: Aws, fleet: string, signal?: AbortSignal): Promise<AlarmDetail[]> {
  const alarms = await describe(aws, { AlarmNamePrefix: `${fleet}:`, MaxRecords: MOST.alarms }, signal);
  return alarms.filter((alarm) => alarm.fleet === fleet);
}

/** One alarm, if it is there. */
export async function oneAlarm(
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
  const alarms: AlarmDetail[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeAlarmsCommand({
      ...which,
      AlarmTypes: ["MetricAlarm"],
      ...(NextToken ? { NextToken } : {}),
    });
    const answer = await client.send(command, sendOptions(signal));
    const found = listIn(answer.MetricAlarms, "CloudWatch", "alarms");
    alarms.push(...found.map(alarmOf).filter((alarm) => alarm !== undefined));
    NextToken = answer.NextToken;
  } while (NextToken);
  return alarms;
}

/** Creates or updates; CloudWatch keeps the state of one that is there. */
export async function putAlarm(aws: Aws, plan: AlarmPlan): Promise<void> {
  const [client, { PutMetricAlarmCommand }] = await cloudWatch(aws);
  const actions = plan.topicArn === undefined ? [] : [plan.topicArn];
  const request: PutMetricAlarmCommandInput = {
    AlarmName: alarmName(plan),
    AlarmDescription: `kas scales fleet ${plan.fleet} by this alarm`,
    ...inSdkShape(metricOf(plan)),
    ...KINDS[plan.kind],
    ComparisonOperator: COMPARISON,
    Threshold: plan.threshold,
    Period: plan.period,
    EvaluationPeriods: plan.evaluations,
    ActionsEnabled: true,
    AlarmActions: actions,
    OKActions: actions,
  };
  await client.send(new PutMetricAlarmCommand(request));
}

/** Deletes alarms; those that are not there are no error. */
export async function deleteAlarms(aws: Aws, names: readonly string[]): Promise<void> {
  const [client, { DeleteAlarmsCommand }] = await cloudWatch(aws);
  for (let i = 0; i < names.length; i += MOST.names) {
    await client.send(new DeleteAlarmsCommand({ AlarmNames: names.slice(i, i + MOST.names) }));
  }
}

/** Sets an alarm's state, until its next evaluation; CloudWatch runs the actions as for any other change. */
export async function setAlarmState(
  aws: Aws,
  name: string,
  state: AlarmState,
  reason: string,
): Promise<void> {
  const [client, { SetAlarmStateCommand }] = await cloudWatch(aws);
  await client.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: state, StateReason: reason }));
}

/**
 * Latest average CPUUtilization of each instance; absent where there is none within the last few periods.
 *
 * @param period s
 * @param now ms since the epoch
 */
export async function latestCpu(
  aws: Aws,
  ids: readonly string[],
  period: number,
  signal?: AbortSignal,
  now: number = Date.now(),
): Promise<Map<string, Datapoint>> {
  const [client, { GetMetricDataCommand }] = await cloudWatch(aws);
  const latest = new Map<string, Datapoint>();
  const read = async (batch: readonly string[]) => {
    let NextToken: string | undefined;
    do {
      const command = new GetMetricDataCommand({
        StartTime: new Date(now - RECENT_PERIODS * period * 1_000),
        EndTime: new Date(now),
        ScanBy: "TimestampDescending",
        // A query's id may hold no hyphen, so that an instance's place in the batch stands for it.
        MetricDataQueries: batch.map((id, place) => ({
          Id: `i${place}`,
          MetricStat: averageCpu(id, period),
        })),
        ...(NextToken ? { NextToken } : {}),
      });
      const answer = await client.send(command, sendOptions(signal));
      for (const { Id, Timestamps, Values } of answer.MetricDataResults ?? []) {
        const id = batch[Number(Id?.slice(1))];
        const at = Timestamps?.[0]?.getTime();
        const percent = Values?.[0];
        if (id === undefined || at === undefined || percent === undefined) continue;
        if (at > (latest.get(id)?.at ?? -Infinity)) latest.set(id, { percent, at });
      }
      NextToken = answer.NextToken;
    } while (NextToken);
  };
  const batches = Array.from(
    { length: Math.ceil(ids.length / MOST.queries) },
    (_, i) => ids.slice(i * MOST.queries, (i + 1) * MOST.queries),
  ).values();
  // Each takes the next of them as it comes; where one fails the others end with what they are at.
  let failed = false;
  const reader = async () => {
    for (const batch of batches) {
      if (failed) return;
      try {
        await read(batch);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, reader));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return latest;
}

async function cloudWatch(aws: Aws) {
  return await Promise.all([aws.cloudWatch(), import("../sdk/cloudwatch.ts")]);
}

function averageCpu(id: string, period: number) {
  return { Metric: inSdkShape(cpuOf(id)), Period: period, Stat: KINDS.cpulow.Statistic };
}

function inSdkShape({ namespace, name, dimensions }: Metric) {
  return {
    Namespace: namespace,
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  };
}

/** Undefined for an alarm whose name is not of kas's form. */
function alarmOf(found: MetricAlarm): AlarmDetail | undefined {
  const name = parseAlarmName(found.AlarmName ?? "");
  if (name === undefined) return undefined;
  return {
    ...name,
    name: found.AlarmName ?? "",
    state: found.StateValue ?? "INSUFFICIENT_DATA",
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
