/**
 * Converts decisions that versions 2 to 6 of the rules recorded to the present shape. They had at most one action.
 *
 * @module
 */
import type { Action, CheckName, Decision } from "../model/decision.ts";
import type { Recommendation } from "../model/recommendation.ts";

/** The newest version of the rules whose decisions {@linkcode fromVersion6} converts. */
export const RULES_VERSION_6 = 6;

/** A decision of version 6: the action, if any, and the reason. */
export type Version6Decision = (Action | { readonly kind: "none" }) & {
  readonly reason: string;
  readonly checks: readonly CheckName[];
  readonly recommendation?: Recommendation;
};

/** Converts a decision of versions 2 to 6 to the present shape. */
export function fromVersion6({ reason, checks, recommendation, ...action }: Version6Decision): Decision {
  return {
    actions: action.kind === "none" ? [] : [action],
    reason,
    checks,
    recommendations: recommendation === undefined ? [] : [recommendation],
  };
}
