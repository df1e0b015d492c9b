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
  /** At a resync, which sees no transition, the state itself. */
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** StateChangeTime, ms since the epoch. */
  readonly at: number;
}

/** A step that is asked of the fleet. */
export interface ScalingRecommendation {
  readonly kind: "out" | "in";
  /** Who asks: a notification, a state that persists at a resync (R2), or a person. */
  readonly source: "notification" | "resync" | "manual";
  /** What it rests on; absent for a person. */
  readonly alarm?: AlarmChange;
  /** The instance to act on first (R8); where a person names it, the only one. */
  readonly instance?: string;
}

/** What is asked of the fleet: a step, or nothing and why. */
export type Recommendation = ScalingRecommendation | {
  readonly kind: "none";
  readonly source: ScalingRecommendation["source"];
  readonly alarm?: AlarmChange;
  readonly why: string;
};

/** The name that CloudWatch keeps an alarm under. The fleet's name holds no colon. */
export function alarmName({ fleet, kind, dimension }: AlarmName): string {
  return `${fleet}:${kind}:${dimension}`;
}

/** The parts of an alarm's name, undefined for a name that is not of kas's form. */
export function parseAlarmName(text: string): AlarmName | undefined {
  const [, fleet, kind, dimension] = /^([^:]+):(cpuhigh|cpulow|reqcount):(.+)$/s.exec(text) ?? [];
  if (fleet === undefined || kind === undefined || dimension === undefined) return undefined;
  return { fleet, kind: kind as AlarmKind, dimension };
}

/** What an alarm's state asks for: the table of the rules, one case for each cell. */
export function recommendationOf(change: AlarmChange, source: "notification" | "resync"): Recommendation {
  const cell = `${change.kind} ${change.to}` as const;
  switch (cell) {
    case "cpuhigh ALARM":
    case "reqcount ALARM":
      return { kind: "out", source, alarm: change };
    case "cpulow OK":
      return { kind: "in", source, alarm: change, instance: change.dimension };
    case "reqcount OK":
      return { kind: "in", source, alarm: change };
    case "cpuhigh OK":
    case "cpuhigh INSUFFICIENT_DATA":
    case "cpulow ALARM":
    case "cpulow INSUFFICIENT_DATA":
    case "reqcount INSUFFICIENT_DATA":
      return {
        kind: "none",
        source,
        alarm: change,
        why: `${change.kind} of ${change.dimension} in ${change.to} asks for nothing`,
      };
    default:
      return cell satisfies never;
  }
}
