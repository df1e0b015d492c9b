/**
 * The explanation of a decision: what a policy recommended, the result of each check, and what would change the decision. The
 * explanation calls the same functions as the decision, so that the two cannot contradict each other.
 *
 * @module
 */
import { type Counterfactual, counterfactuals } from "./counterfactual/counterfactuals.ts";
import { decide } from "./decide.ts";
import type { Checked } from "./checks/order.ts";
import type { Action, CheckName, Decision } from "./model/decision.ts";
import { indexFleet } from "./model/fleet_index.ts";
import { isObserved, type Observation, type Unobserved } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { listsOf, type PlannedAction } from "./plan.ts";
import { consult } from "./policies/policies.ts";
import { type PolicyAnswer, policyTable } from "./policies/table.ts";
import { sentences } from "./words.ts";

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

/** The explanation of a list of actions, which kas checked one after another. */
export interface ListAnswer {
  /** The actions whose checks passed. */
  readonly actions: readonly Action[];
  /** The checks of the action that was held back, or otherwise of the last action, in order. */
  readonly checks: readonly CheckAnswer[];
  /** How kas selected the instances, a sentence for each action. */
  readonly selections: readonly string[];
}

/** What the policies recommended, and how the checks judged it. */
export interface Assessment {
  /** What each policy recommended. Empty if kas did not observe the fleet. */
  readonly policies: readonly PolicyAnswer[];
  /** The capacity that the fleet wanted, before the checks. Null if kas did not observe the fleet. */
  readonly wanted: number | null;
  /** The changes of capacity, and the stops of unhealthy nodes. Empty if no policy recommended a change. */
  readonly lists: readonly ListAnswer[];
}

/** The explanation of a decision. */
export interface Explanation extends Assessment {
  /** What the policies recommended, or why no policy recommended a change, in sentences. */
  readonly recommended: string;
  readonly decision: Decision;
  /** The changes that would lead to another decision. */
  readonly changes: readonly Counterfactual[];
}

/** Explains the decision on a trigger and an observation. */
export function explain(trigger: Trigger, observation: Observation | Unobserved): Explanation {
  const decision = decide(trigger, observation);
  return {
    recommended: sentences(...new Set(decision.recommendations.map(({ reason }) => reason))) ||
      decision.reason,
    decision,
    ...assess(trigger, observation),
    changes: counterfactuals(trigger, observation),
  };
}

/** Returns what the policies recommended, and how the checks judged it, without the changes that would lead to another decision. */
export function assess(trigger: Trigger, observation: Observation | Unobserved): Assessment {
  if (!isObserved(observation)) return { policies: [], wanted: null, lists: [] };
  const index = indexFleet(observation);
  const advice = consult(trigger, observation, index);
  const lists = listsOf({ trigger, observation, index }, advice).map((list) => ({
    actions: list.flatMap(({ action }) => action ?? []),
    checks: checksOf(list.at(-1)),
    selections: list.filter(({ held }) => held === undefined).map(({ selection }) => selection),
  }));
  return { policies: policyTable(trigger, observation, index), wanted: advice.wanted, lists };
}

function checksOf(planned: PlannedAction | undefined): CheckAnswer[] {
  if (planned === undefined) return [];
  const { checked, held, unreached } = planned;
  const answer = ({ name, condition, result }: Checked, status: CheckStatus): CheckAnswer => ({
    name,
    condition,
    status,
    message: result?.message ?? "",
    passes: result === undefined || result.unread ? null : result.passed,
  });
  return [
    ...checked.map((it) => answer(it, it === held ? "held" : "passed")),
    ...[...unreached].map((it) => answer(it, "not reached")),
  ];
}
