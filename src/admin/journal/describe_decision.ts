/**
 * Describes a decision in a few words.
 *
 * @module
 */
import { ONE_MORE } from "../../scaling/counterfactual/instances.ts";
import type { Action, Decision } from "../../scaling/model/decision.ts";
import { someOf } from "../../scaling/words.ts";

/** The largest number of actions that a description names. */
const NAMED = 3;

/**
 * Returns the actions of a decision as text, such as `start i-1`, `launch from kas-node`, `start i-1, stop i-2`, or
 * `no action (max-capacity)`.
 */
export function describeDecision({ actions, checks }: Pick<Decision, "actions" | "checks">): string {
  if (actions.length === 0) return checks.length === 0 ? "no action" : `no action (${checks.join(", ")})`;
  return someOf(actions.map(describeAction), NAMED);
}

function describeAction(action: Action): string {
  if (action.kind === "launch") return `${action.kind} from ${action.template}`;
  return `${action.kind} ${action.instance === ONE_MORE ? "that instance" : action.instance}`;
}
