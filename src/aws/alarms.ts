/** CloudWatch alarms and datapoints. @module */
import type { Alarm, AlarmName, AlarmState } from "../scaling/alarm.ts";
import type { Datapoint } from "../scaling/decide.ts";
import type { Aws } from "./clients.ts";

/** An alarm with what only people and checks look at. */
export interface AlarmDetail extends Alarm {
  readonly name: string;
  readonly metric: string;
  readonly statistic: string;
  readonly comparison: string;
  readonly evaluations: number;
  readonly actionsEnabled: boolean;
  /** ARNs for each state. */
  readonly alarmActions: readonly string[];
  readonly okActions: readonly string[];
  readonly reason: string;
}

/** What to watch. */
export interface AlarmPlan extends AlarmName {
  readonly threshold: number;
  /** s. */
  readonly period: number;
  readonly evaluations: number;
  readonly topicArn: string;
}

/** The fleet's alarms whose names are of kas's form. */
export declare function fleetAlarms(aws: Aws, fleet: string, signal?: AbortSignal): Promise<AlarmDetail[]>;
/** Creates or updates; CloudWatch keeps the state of one that is there. */
export declare function putAlarm(aws: Aws, plan: AlarmPlan): Promise<void>;
export declare function deleteAlarms(aws: Aws, names: readonly string[]): Promise<void>;
export declare function setAlarmState(aws: Aws, name: string, state: AlarmState, reason: string): Promise<void>;
/** Latest CPUUtilization average of each instance within the last `within` ms; absent where there is none. */
export declare function latestCpu(
  aws: Aws,
  ids: readonly string[],
  period: number,
  signal?: AbortSignal,
): Promise<Map<string, Datapoint>>;
