/**
 * A decision explained: what was asked, what each rule said, and what would have had to be different. Made by the very
 * functions that decide, so that it can't say anything else than they.
 *
 * @module
 */
import type { Recommendation } from "./model/alarm.ts";
import { type Counterfactual, counterfactuals } from "./counterfactual.ts";
import { asked, checkResults, decide, type Decision, ORDER } from "./decide.ts";
import type { Observation } from "./model/observation.ts";

/** How a rule took a step: `bound` is the first that held it, after which no other has a say. */
export type RuleState = "passed" | "bound" | "not reached";

/** What a rule said. */
export interface RuleAnswer {
  readonly rule: string;
  /** What it asks. */
  readonly asks: string;
  readonly state: RuleState;
  /** With its numbers; of a rule that was not reached, what it would have said. */
  readonly says: string;
  /** Whether it passes; null where it could not be asked. */
  readonly passes: boolean | null;
}

/** A decision explained. */
export interface Explanation {
  readonly asked: string;
  readonly decision: Decision;
  /** In the order in which they were asked; none where nothing was asked of the fleet. */
  readonly rules: readonly RuleAnswer[];
  readonly different: readonly Counterfactual[];
}

/** Explains what is decided of a signal and facts. */
export function explain(signal: Recommendation, facts: Observation): Explanation {
  return {
    asked: signal.kind === "none" ? `Nothing: ${signal.why}` : asked(signal),
    decision: decide(signal, facts),
    rules: answers(signal, facts),
    different: counterfactuals(signal, facts),
  };
}

function answers(signal: Recommendation, facts: Observation): RuleAnswer[] {
  if (signal.kind === "none") return [];
  const said = checkResults(signal, facts);
  const bound = said.findIndex(({ passed }) => !passed);
  return ORDER[signal.kind].map(({ rule, asks }, i) => ({
    rule: said[i]?.check ?? rule,
    asks,
    state: bound < 0 || i < bound ? "passed" : i === bound ? "bound" : "not reached",
    says: said[i]?.message ?? "",
    passes: said[i]?.passed ?? null,
  }));
}
