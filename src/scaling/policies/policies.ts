/**
 * The policies in the order in which they are consulted.
 *
 * @module
 */
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Observation } from "../model/observation.ts";
import type { NoOpinion, Recommendation } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";
import { alarmsPolicy } from "./alarms.ts";
import { operatorPolicy } from "./operator.ts";

/** Says how the fleet's capacity should change, or has no opinion. Pure. */
export type Policy = (
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
) => Recommendation | NoOpinion;

/** An operator overrides the alarms. */
const POLICIES: readonly Policy[] = [operatorPolicy, alarmsPolicy];

/** The recommendation of the first policy that has an opinion; without one, the reason of the last policy. */
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
