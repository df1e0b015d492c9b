/**
 * The explanation of a decision: what a policy recommended, the result of each check, and what would change the decision. The
 * explanation calls the same functions as the decision, so that the two cannot contradict each other.
 *
 * @module
 */
import { type Counterfactual, counterfactuals } from "./counterfactual/counterfactuals.ts";
import { decide } from "./decide.ts";
import type { CheckName, Decision } from "./model/decision.ts";
import { indexFleet } from "./model/fleet_index.ts";
import { isObserved, type Observation, type Unobserved } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { planOf } from "./plan.ts";
import { consult } from "./policies/policies.ts";

/** The status of a check. `held`: it is the first check that held the action back. `not reached`: it comes after that check. */
export type CheckStatus = "passed" | "held" | "not reached";

/** The result of a check in an explanation. */
export interface CheckAnswer {
  readonly name: CheckName;
  /** The condition under which the check passes, in at most 24 characters. */
  readonly condition: string;
  readonly status: CheckStatus;
  /** A sentence with the numbers of the check. If the check was not reached, the sentence that it would have given. */
  readonly message: string;
  /**
   * Whether the check passes. Null if kas selected no instance that the check could judge, or did not read the data that it
   * needs.
   */
  readonly passes: boolean | null;
}

/** The explanation of a decision. */
export interface Explanation {
  /** What a policy recommended, or why no policy recommended a change, in sentences. */
  readonly recommended: string;
  readonly decision: Decision;
  /** The checks in order. Empty if no policy recommended a change. */
  readonly checks: readonly CheckAnswer[];
  /** How kas selected the instance, in a sentence. "" if the decision is no action. */
  readonly selection: string;
  /** The changes that would lead to another decision. */
  readonly changes: readonly Counterfactual[];
}

/** Explains the decision on a trigger and an observation. */
export function explain(trigger: Trigger, observation: Observation | Unobserved): Explanation {
  const decision = decide(trigger, observation);
  return {
    recommended: decision.recommendation?.reason ?? decision.reason,
    decision,
    ...answers(trigger, observation, decision),
    changes: counterfactuals(trigger, observation),
  };
}

function answers(
  trigger: Trigger,
  observation: Observation | Unobserved,
  decision: Decision,
): Pick<Explanation, "checks" | "selection"> {
  if (!isObserved(observation)) return { checks: [], selection: "" };
  const index = indexFleet(observation);
  const recommendation = consult(trigger, observation, index);
  if (recommendation.direction === "none") return { checks: [], selection: "" };
  const plan = planOf({ trigger, recommendation, observation, index });
  const checked = [...plan.checks];
  const held = checked.findIndex(({ result }) => result?.passed === false);
  return {
    checks: checked.map(({ name, condition, result }, i) => ({
      name,
      condition,
      status: held < 0 || i < held ? "passed" : i === held ? "held" : "not reached",
      message: result?.message ?? "",
      passes: result === undefined || result.unread ? null : result.passed,
    })),
    selection: decision.kind === "none" ? "" : plan.selection,
  };
}
