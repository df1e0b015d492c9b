/**
 * A decision explained: what a policy recommended, what each check said, and what would change the decision. The functions that
 * decide make the explanation too, so the two cannot differ.
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

/** `held`: the first check that held the recommendation back. No check after it decides. */
export type CheckStatus = "passed" | "held" | "not reached";

/** What a check said. */
export interface CheckAnswer {
  readonly name: CheckName;
  readonly asks: string;
  readonly status: CheckStatus;
  /** A sentence with its numbers; of a check that was not reached, what it would have said. */
  readonly message: string;
  /** Whether it passes; null where it could not be made. */
  readonly passes: boolean | null;
}

/** A decision explained. */
export interface Explanation {
  /** What was recommended, or why nothing was: sentences. */
  readonly recommended: string;
  readonly decision: Decision;
  /** In their order; none where no policy recommended a change. */
  readonly checks: readonly CheckAnswer[];
  /** How the instance was selected: a sentence; "" without an action. */
  readonly selection: string;
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
    checks: checked.map(({ name, asks, result }, i) => ({
      name,
      asks,
      status: held < 0 || i < held ? "passed" : i === held ? "held" : "not reached",
      message: result?.message ?? "",
      passes: result?.passed ?? null,
    })),
    selection: decision.kind === "none" ? "" : plan.selection,
  };
}
