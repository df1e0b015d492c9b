/**
 * The input of a selection.
 *
 * @module
 */
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Observation } from "../model/observation.ts";
import type { Recommendation } from "../model/recommendation.ts";

/** The recommendation for which kas selects an instance, and the observed fleet. */
export interface SelectionQuestion {
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly index: FleetIndex;
}
