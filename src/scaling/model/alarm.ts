/**
 * The fleet's CloudWatch alarms, and how their names are built.
 *
 * @module
 */

/** `cpuhigh` and `cpulow` watch an instance, `reqcount` a load balancer. */
export type AlarmKind = "cpuhigh" | "cpulow" | "reqcount";

/** CloudWatch's alarm states. Source: CloudWatch API, StateValue. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/** An alarm's name in parts: `<fleet>:<kind>:<dimension>`, the dimension an instance id or a load balancer's name. */
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
  /** The state before the change. At a reconcile, which does not know the previous state, the current state. */
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** When the state changed (StateChangeTime), in ms since the epoch. */
  readonly at: number;
}

/** The name of an alarm in CloudWatch. The fleet's name holds no colon. */
export function alarmName({ fleet, kind, dimension }: AlarmName): string {
  return `${fleet}:${kind}:${dimension}`;
}

/** The parts of an alarm's name; undefined if the name does not have kas's form. */
export function parseAlarmName(text: string): AlarmName | undefined {
  const [, fleet, kind, dimension] = /^([^:]+):(cpuhigh|cpulow|reqcount):(.+)$/s.exec(text) ?? [];
  if (fleet === undefined || kind === undefined || dimension === undefined) return undefined;
  return { fleet, kind: kind as AlarmKind, dimension };
}
