/**
 * Alarms as the rules see them: their names both ways, and what a state asks for.
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

/** An alarm of the fleet as CloudWatch has it now. */
export interface Alarm extends AlarmName {
  readonly state: AlarmState;
  /** In the metric's unit: percent of CPU, or requests a period. All alarms compare with `>=`. */
  readonly threshold: number;
  /** s. */
  readonly period: number;
  /** When the state last changed, ms since the epoch (StateTransitionedTimestamp). */
  readonly changed: number;
}

/** One change of an alarm's state, as a notification or a resync tells of it. */
export interface AlarmChange extends AlarmName {
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** StateChangeTime, ms since the epoch. */
  readonly at: number;
}

/** What is asked of the fleet. */
export type Signal =
  | {
    readonly kind: "out" | "in";
    /** Who asks: a notification, a state that persists at a resync (R2), or a person. */
    readonly source: "notification" | "resync" | "manual";
    /** What it rests on; absent for a person. */
    readonly alarm?: AlarmChange;
    /** The instance to act on first. */
    readonly instance?: string;
  }
  | { readonly kind: "none"; readonly source: "notification" | "resync" | "manual"; readonly alarm?: AlarmChange; readonly why: string };
