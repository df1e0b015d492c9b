/**
 * The operator policy: a person asks for one instance more or less.
 *
 * @module
 */
import type { NoOpinion, OperatorRecommendation } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";

/** Recommends what the operator asks for. */
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
