/**
 * The recommendation of a policy for the fleet's capacity.
 *
 * @module
 */
import type { Direction } from "./activity.ts";
import type { AlarmChange } from "./alarm.ts";

/** The recommendation of an alarm. */
export interface AlarmRecommendation {
  readonly policy: "alarms";
  readonly direction: Direction;
  readonly alarm: AlarmChange;
  /** The id of the instance that kas selects first (R8). */
  readonly instance?: string;
  /** Why the policy recommends the change, in one sentence. */
  readonly reason: string;
}

/** The recommendation that a person asked for. */
export interface OperatorRecommendation {
  readonly policy: "operator";
  readonly direction: Direction;
  readonly alarm?: never;
  /** The id of the only instance that kas may select. */
  readonly instance?: string;
  /** Why the policy recommends the change, in one sentence. */
  readonly reason: string;
}

/** The recommendation of the policy `minimum` or `maximum`, which keeps the capacity within its bounds. */
export interface BoundRecommendation {
  readonly policy: "minimum" | "maximum";
  readonly direction: Direction;
  readonly alarm?: never;
  readonly instance?: never;
  /** Why the policy recommends the change, in one sentence. */
  readonly reason: string;
}

/** A recommendation: one instance more or less (R1). */
export type Recommendation = AlarmRecommendation | BoundRecommendation | OperatorRecommendation;

/** A policy recommends no change. */
export interface NoOpinion {
  readonly direction: "none";
  /** Why the policy recommends no change. The text follows "No action:". */
  readonly reason: string;
}

/** Whether an operator named the instance. kas must then not select another instance. */
export function namesOnlyOne({ policy, instance }: Recommendation): boolean {
  return policy === "operator" && instance !== undefined;
}
