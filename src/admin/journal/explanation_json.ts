/**
 * Converts the explanation of a decision to a JSON object.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { isoTime } from "../../cli/format.ts";
import { ONE_MORE } from "../../scaling/counterfactual/instances.ts";
import { instanceOf } from "../../scaling/model/decision.ts";
import type { Explanation } from "../../scaling/explain.ts";

/** Returns the object that `kas admin explain --output json` prints. */
export function explanationToJson(
  record: DecisionRecord,
  { recommended, policies, wanted, lists, changes }: Explanation,
): object {
  const { id, time, kas, message, trigger, observation, decision, activities } = record;
  return {
    id,
    time: isoTime(time),
    kas,
    recommended,
    message,
    trigger,
    observation,
    policies,
    wanted,
    decision,
    lists,
    activities,
    changes: changes.map(({ change, decision: { desired, actions, reason, checks } }) => ({
      change,
      desired,
      actions: actions.map((action) => ({
        ...action,
        ...(instanceOf(action) === ONE_MORE ? { instance: null } : {}),
      })),
      checks,
      reason,
    })),
  };
}
