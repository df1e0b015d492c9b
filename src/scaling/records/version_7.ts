/**
 * Converts observations that version 7 of the rules recorded to the present shape. Its load policies had only a type, so the limits
 * had their names.
 *
 * @module
 */
import { isObserved, type Observation, type Unobserved } from "../model/observation.ts";
import type { PolicySpec } from "../model/load/policy.ts";

/** The newest version of the rules whose observations {@linkcode fromVersion7} converts. */
export const RULES_VERSION_7 = 7;

/** Converts an observation of versions 2 to 7 to the present shape. Returns any other value as it is. */
export function fromVersion7(observation: Observation | Unobserved): Observation | Unobserved {
  if (!isObserved(observation)) return observation;
  const policies: readonly (PolicySpec | "alarms")[] | undefined = observation.limits?.policies;
  if (!Array.isArray(policies)) return observation;
  const converted = policies.map((it): PolicySpec => (it === "alarms" ? { type: it } : it));
  return { ...observation, limits: { ...observation.limits, policies: converted } };
}
