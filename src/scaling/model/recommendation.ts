/**
 * What a policy says about the fleet's capacity.
 *
 * @module
 */
import type { Direction } from "./activity.ts";
import type { AlarmChange } from "./alarm.ts";

/** What an alarm asks for. */
export interface AlarmRecommendation {
  readonly policy: "alarms";
  readonly direction: Direction;
  readonly alarm: AlarmChange;
  /** The instance to act on first (R8). */
  readonly instance?: string;
  /** A sentence. */
  readonly reason: string;
}

/** What a person asks for. */
export interface OperatorRecommendation {
  readonly policy: "operator";
  readonly direction: Direction;
  readonly alarm?: never;
  /** The only instance to act on. */
  readonly instance?: string;
  /** A sentence. */
  readonly reason: string;
}

/** One instance more or less (R1). */
export type Recommendation = AlarmRecommendation | OperatorRecommendation;

/** A policy recommends no change. */
export interface NoOpinion {
  readonly direction: "none";
  /** Why, to follow "No action:". */
  readonly reason: string;
}

/** Whether an operator named the instance, so that no other instance will do. */
export function namesOnlyOne({ policy, instance }: Recommendation): boolean {
  return policy === "operator" && instance !== undefined;
}
