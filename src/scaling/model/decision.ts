/**
 * A decision: the actions that kas carries out, and the reason.
 *
 * @module
 */
import type { Recommendation } from "./recommendation.ts";

/**
 * The version of the rules. kas records it with each decision. Increase it with every change of the code after which kas may
 * make a recorded decision differently, even if only the wording of the reason differs (R16).
 */
export const RULES_VERSION = 8;

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
  | "cpu-credits"
  | "cap";

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
  | {
    readonly kind: "stop" | "terminate";
    readonly instance: string;
    /** Set if kas stops the instance because it is unhealthy (R21). */
    readonly unhealthy?: true;
  };

/** The kind of an action, or `none` if there is no action. */
export type DecisionKind = Action["kind"] | "none";

/** A decision. */
export interface Decision {
  /**
   * R3: the capacity that the fleet has when the actions have succeeded. kas derives it at each evaluation. Absent if kas did not
   * observe the fleet, and in records of versions 1 to 6 of the rules.
   */
  readonly desired?: number;
  /** The actions, in order. Empty for no action. */
  readonly actions: readonly Action[];
  /** The reason in sentences (R15). */
  readonly reason: string;
  /** The checks that hold actions back: at most one for each list of actions. The first one is the deciding check. */
  readonly checks: readonly CheckName[];
  /** What the policies recommend. Empty if none of them recommends a change. */
  readonly recommendations: readonly Recommendation[];
}

/** Returns the kind of the first action of a decision. */
export function kindOf({ actions: [first] }: Pick<Decision, "actions">): DecisionKind {
  return first?.kind ?? "none";
}

/** Returns the id of an action's instance. Undefined for a launch. */
export function instanceOf(action: Action | undefined): string | undefined {
  return action !== undefined && "instance" in action ? action.instance : undefined;
}
