/**
 * Converts the explanation of a decision to a JSON object.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { isoTime } from "../../cli/format.ts";
import { ONE_MORE } from "../../scaling/counterfactual/instances.ts";
import type { Explanation } from "../../scaling/explain.ts";

/** Returns the object that `kas admin explain --output json` prints. */
export function explanationToJson(
  record: DecisionRecord,
  { recommended, checks, changes }: Explanation,
): object {
  const { id, time, kas, message, trigger, observation, decision, activity } = record;
  return {
    id,
    time: isoTime(time),
    kas,
    recommended,
    message,
    trigger,
    observation,
    decision,
    checks,
    activity,
    changes: changes.map(({ change, decision: { kind, reason, checks, ...rest } }) => ({
      change,
      kind,
      instance: "instance" in rest && rest.instance !== ONE_MORE ? rest.instance : null,
      checks,
      reason,
    })),
  };
}
