/**
 * Describes a decision in a few words.
 *
 * @module
 */
import { ONE_MORE } from "../../scaling/counterfactual/instances.ts";
import type { Action, Decision } from "../../scaling/model/decision.ts";

/** The largest number of actions that a description names. */
const NAMED = 3;

/**
 * Returns the actions of a decision as text, such as `start i-1`, `launch from kas-node`, `start i-1, stop i-2`, or
 * `no action (max-capacity)`.
 */
export function describeDecision({ actions, checks }: Pick<Decision, "actions" | "checks">): string {
  if (actions.length === 0) return checks.length === 0 ? "no action" : `no action (${checks.join(", ")})`;
  const more = actions.length > NAMED ? ` and ${actions.length - NAMED} more` : "";
  return actions.slice(0, NAMED).map(describeAction).join(", ") + more;
}

function describeAction(action: Action): string {
  if (action.kind === "launch") return `${action.kind} from ${action.template}`;
  return `${action.kind} ${action.instance === ONE_MORE ? "that instance" : action.instance}`;
}
