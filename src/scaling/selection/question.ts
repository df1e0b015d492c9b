/**
 * What a selection looks at.
 *
 * @module
 */
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Observation } from "../model/observation.ts";
import type { Recommendation } from "../model/recommendation.ts";

/** A recommendation for an observed fleet: which instance is it about? */
export interface SelectionQuestion {
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly index: FleetIndex;
}
