/**
 * A decision: one action or none, and the reason.
 *
 * @module
 */
import type { Recommendation } from "./recommendation.ts";

/**
 * The version of the rules, recorded with each decision. It is raised with every change by which a recorded decision may
 * come out differently when it is made again, its wording included (R16).
 */
export const RULES_VERSION = 5;

/** The checks, by the names that operators see. Source: docs/rules.md. */
export type CheckName =
  | "not-newest"
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
    /** `register` registers a draining instance again, `start` starts a stopped or stopping one. */
    readonly by: "register" | "start";
  }
  | {
    readonly kind: "launch";
    /** The launch template: a name or an id, and after a colon the version. */
    readonly template: string;
  }
  | { readonly kind: "stop"; readonly instance: string }
  | { readonly kind: "terminate"; readonly instance: string };

/** The part of a decision that says why. */
export interface Grounds {
  /** The reason in sentences (R15). */
  readonly reason: string;
  /** The check that holds the recommendation back; empty for an action, and where no policy recommends a change. */
  readonly checks: readonly CheckName[];
  /** The recommendation of a policy. Absent if no policy recommends a change. */
  readonly recommendation?: Recommendation;
}

/** A decision: the action, if any, and the reason. */
export type Decision = (Action | { readonly kind: "none" }) & Grounds;
