/**
 * The policies, in the order in which kas consults them.
 *
 * @module
 */
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Observation } from "../model/observation.ts";
import type { NoOpinion, Recommendation } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";
import { alarmsPolicy } from "./alarms.ts";
import { boundsPolicy } from "./bounds.ts";
import { operatorPolicy } from "./operator.ts";

/** Recommends a change of the fleet's capacity, or none. A policy is a pure function. */
export type Policy = (
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
) => Recommendation | NoOpinion;

/** The policies in their order: first the operator, then the bounds of the capacity, then the alarms. */
const POLICIES: readonly Policy[] = [
  operatorPolicy,
  (trigger, view) => boundsPolicy(trigger, view),
  alarmsPolicy,
];

/** Returns the first recommendation of a policy. If no policy recommends a change, returns the reason of the last policy. */
export function consult(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
): Recommendation | NoOpinion {
  let last: NoOpinion = { direction: "none", reason: "no policy is configured." };
  for (const policy of POLICIES) {
    const recommendation = policy(trigger, observation, index);
    if (recommendation.direction !== "none") return recommendation;
    last = recommendation;
  }
  return last;
}
