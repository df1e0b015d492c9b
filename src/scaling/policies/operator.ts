/**
 * The operator policy. It recommends the change of capacity that a person asked for with `kas admin scale`.
 *
 * @module
 */
import type { NoOpinion, OperatorRecommendation } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";

/** Returns the change of capacity that the operator asked for. Returns no recommendation for other triggers. */
export function operatorPolicy(trigger: Trigger): OperatorRecommendation | NoOpinion {
  if (trigger.kind !== "operator") return { direction: "none", reason: "no operator asks for a change." };
  const { direction, instance } = trigger;
  const what = instance === undefined
    ? `scale ${direction}`
    : `${direction === "out" ? "start" : "stop"} ${instance}`;
  return {
    policy: "operator",
    direction,
    ...(instance === undefined ? {} : { instance }),
    reason: `An operator asked to ${what}.`,
  };
}
