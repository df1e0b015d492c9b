/**
 * The recommendation of a policy for the fleet's capacity.
 *
 * @module
 */
import type { Direction } from "./activity.ts";
import type { AlarmChange } from "./alarm.ts";

/** What every recommendation has. */
interface Change {
  readonly direction: Direction;
  /** How many instances more or less. Absent in records of versions 1 to 6 of the rules, which means 1. */
  readonly count?: number;
  /** Why the policy recommends the change, in one sentence. */
  readonly reason: string;
}

/** The recommendation of an alarm. */
export interface AlarmRecommendation extends Change {
  readonly policy: "alarms";
  readonly alarm: AlarmChange;
  /** The id of the instance that kas selects first (R8). */
  readonly instance?: string;
}

/** The recommendation that a person asked for. */
export interface OperatorRecommendation extends Change {
  readonly policy: "operator";
  readonly alarm?: never;
  /** The id of the only instance that kas may select. */
  readonly instance?: string;
}

/** The recommendation of the policy `minimum` or `maximum`, which keeps the capacity within its bounds. */
export interface BoundRecommendation extends Change {
  readonly policy: "minimum" | "maximum";
  readonly alarm?: never;
  readonly instance?: never;
}

/**
 * R21: the policy `replacement` starts instances in the place of those that the fleet lost. If a lost instance serves again, this
 * policy cancels the start, or stops one instance. The policy `unhealthy` stops an unhealthy node.
 */
export interface ReplacementRecommendation extends Change {
  readonly policy: "replacement" | "unhealthy";
  readonly alarm?: never;
  /** The id of the node to stop. Absent for starts. */
  readonly instance?: string;
}

/** The recommendation of a load policy that recommends a capacity. */
export interface CapacityRecommendation extends Change {
  readonly policy: "target" | "adaptive" | "formula";
  readonly alarm?: never;
  readonly instance?: never;
}

/** What a load policy recommends that recommends a capacity. */
export interface LoadAnswer {
  readonly policy: CapacityRecommendation["policy"];
  /** The capacity. Undefined if the policy has no opinion. */
  readonly capacity: number | undefined;
  /** Why, in sentences. */
  readonly reason: string;
}

/** A recommendation to start or to stop a number of instances. */
export type Recommendation =
  | AlarmRecommendation
  | CapacityRecommendation
  | BoundRecommendation
  | OperatorRecommendation
  | ReplacementRecommendation;

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

/** Whether a policy recommends a capacity by the load. It does not repeat a recommendation that the fleet has followed. */
export function recommendsCapacity({ policy }: Pick<Recommendation, "policy">): boolean {
  return policy === "target" || policy === "adaptive" || policy === "formula";
}

/** Whether a load policy made the recommendation. */
export function isByLoad(recommendation: Pick<Recommendation, "policy">): boolean {
  return recommendation.policy === "alarms" || recommendsCapacity(recommendation);
}
