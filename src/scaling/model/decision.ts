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
export const RULES_VERSION = 3;

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
  | "projected-load";

/** One action of the autoscaler. */
export type Action =
  | {
    readonly kind: "start";
    /** The first choice. */
    readonly instance: string;
    /** The instances to try next if it fails, in order (R7). */
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

/** Why an action is taken, or none is. */
export interface Grounds {
  /** Sentences for people (R15). */
  readonly reason: string;
  /** The check that holds the recommendation back; empty for an action, and where no policy recommends a change. */
  readonly checks: readonly CheckName[];
  /** What a policy recommends; absent where none recommends a change. */
  readonly recommendation?: Recommendation;
}

/** What to do, and why. */
export type Decision = (Action | { readonly kind: "none" }) & Grounds;
