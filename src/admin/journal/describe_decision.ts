/**
 * Describes a decision in a few words.
 *
 * @module
 */
import { ONE_MORE } from "../../scaling/counterfactual/instances.ts";
import type { Decision } from "../../scaling/model/decision.ts";

/** Returns the action of a decision as text, such as `start i-1`, `launch from kas-node`, or `no action (max-capacity)`. */
export function describeDecision(decision: Decision): string {
  const { kind, checks } = decision;
  if (kind === "none") return checks.length === 0 ? "no action" : `no action (${checks.join(", ")})`;
  if (kind === "launch") return `${kind} from ${decision.template}`;
  return `${kind} ${decision.instance === ONE_MORE ? "that instance" : decision.instance}`;
}
