/**
 * A decision: one action or no action, and the reason.
 *
 * @module
 */
import type { Recommendation } from "./recommendation.ts";

/**
 * The version of the rules. kas records it with each decision. Increase it with every change of the code after which kas may
 * make a recorded decision differently, even if only the wording of the reason differs (R16).
 */
export const RULES_VERSION = 6;

/** The checks, by the names that operators see. Source: docs/rules.md. */
export type CheckName =
  | "not-newest"
  | "paused"
  | "cooldown"
  | "max-capacity"
  | "no-standby"
  | "out-beats-in"
  | "warm-up"
  | "no-candidate"
  | "min-capacity"
  | "projected-load"
  | "cpu-credits";

/** One action of the autoscaler. */
export type Action =
  | {
    readonly kind: "start";
    /** The id of the instance to start first. */
    readonly instance: string;
    /** The ids of the instances to try next, in order, if the first start fails (R7). */
    readonly candidates: readonly string[];
    /** `register` registers a draining instance again. `start` starts a stopped or stopping instance. */
    readonly by: "register" | "start";
  }
  | {
    readonly kind: "launch";
    /** The name or the id of the launch template, with the version after a colon. */
    readonly template: string;
  }
  | { readonly kind: "stop"; readonly instance: string }
  | { readonly kind: "terminate"; readonly instance: string };

/** The part of a decision that explains it. */
export interface Grounds {
  /** The reason in sentences (R15). */
  readonly reason: string;
  /** The check that holds the action back. Empty if the decision is an action, or if no policy recommends a change. */
  readonly checks: readonly CheckName[];
  /** The recommendation of a policy. Absent if no policy recommends a change. */
  readonly recommendation?: Recommendation;
}

/** A decision: the action, if any, and the reason. */
export type Decision = (Action | { readonly kind: "none" }) & Grounds;
