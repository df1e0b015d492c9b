/**
 * The fleet's CloudWatch alarms, and the form of their names.
 *
 * @module
 */

/**
 * The kinds of alarms. `cpuhigh` and `cpulow` are about the CPU of an instance, `reqcount` about the requests of a load
 * balancer.
 */
export type AlarmKind = "cpuhigh" | "cpulow" | "reqcount";

/** CloudWatch's alarm states. Source: CloudWatch API, StateValue. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/**
 * The parts of an alarm's name `<fleet>:<kind>:<dimension>`. The dimension is the id of an instance or the name of a load
 * balancer.
 */
export interface AlarmName {
  readonly fleet: string;
  readonly kind: AlarmKind;
  readonly dimension: string;
}

/** An alarm of the fleet as CloudWatch reports it. */
export interface Alarm extends AlarmName {
  readonly state: AlarmState;
  /** The threshold in the metric's unit: percent of CPU, or requests per period. All alarms compare with `>=`. */
  readonly threshold: number;
  /** The period of the metric in seconds. */
  readonly period: number;
  /** When the state last changed, in ms since the epoch (StateTransitionedTimestamp). */
  readonly changed: number;
}

/** One change of an alarm's state. */
export interface AlarmChange extends AlarmName {
  /** The state before the change. A reconcile does not know the state before, and sets the current state. */
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** When the state changed (StateChangeTime), in ms since the epoch. */
  readonly at: number;
}

/** Returns the name of an alarm in CloudWatch. The name of the fleet must not contain a colon. */
export function alarmName({ fleet, kind, dimension }: AlarmName): string {
  return `${fleet}:${kind}:${dimension}`;
}

/** Returns the parts of an alarm's name. Undefined if the name does not have kas's form. */
export function parseAlarmName(text: string): AlarmName | undefined {
  const [, fleet, kind, dimension] = /^([^:]+):(cpuhigh|cpulow|reqcount):(.+)$/s.exec(text) ?? [];
  if (fleet === undefined || kind === undefined || dimension === undefined) return undefined;
  return { fleet, kind: kind as AlarmKind, dimension };
}
