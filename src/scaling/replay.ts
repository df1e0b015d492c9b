/**
 * R16: a decision made again from its record, as it was or with other limits.
 *
 * @module
 */
import type { Recommendation } from "./model/alarm.ts";
import { again } from "./counterfactual.ts";
import { decide, type Decision } from "./decide.ts";
import type { Limits, Observation } from "./model/observation.ts";

/** What a decision was made from, and what was decided. */
export interface Recorded {
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly decision: Decision;
}

/** The decision made again, as JSON to be held against the recorded one's. */
export function decided({ recommendation, observation }: Recorded): string {
  return JSON.stringify(decide(recommendation, observation));
}

/** A decision made with other limits. */
export interface Instead {
  readonly decision: Decision;
  /** Whether something else would have been done: another kind, another instance. */
  readonly differs: boolean;
}

/** What would have been decided of the same facts with other limits; a resync asks what its alarms amount to by them. */
export function instead(
  { recommendation, observation, decision }: Recorded,
  limits: Partial<Limits>,
): Instead {
  const changed = { ...observation, limits: { ...observation.limits, ...limits } };
  const other = decide(again(recommendation, observation, changed), changed);
  const what = (it: Decision) => ("instance" in it ? `${it.kind} ${it.instance}` : it.kind);
  return { decision: other, differs: what(other) !== what(decision) };
}
