/**
 * R8: which node to stop or terminate.
 *
 * @module
 */
import type { ActivityOf } from "../model/activity.ts";
import { capacityByZone } from "../model/capacity.ts";
import type { FleetIndex } from "../model/fleet_index.ts";
import { inService, type Instance } from "../model/instance.ts";
import { isWarmingUp, type Observation } from "../model/observation.ts";
import type { Recommendation } from "../model/recommendation.ts";
import { whyNotStoppable } from "./eligibility.ts";
import { byId, descending } from "./order.ts";

/** Which node scaling in takes out. */
export interface StopSelection {
  /** The nodes that kas may stop, in order. */
  readonly candidates: readonly Instance[];
  /** The first of them that is past its warm-up (R5). */
  readonly instance: Instance | undefined;
  /** Why it is the first one, or why there is no candidate: a sentence. */
  readonly message: string;
}

/** What a selection is made from. */
export interface StopQuestion {
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly index: FleetIndex;
}

/** Selects which node to stop. The one that the recommendation names goes first; where an operator names it, it is the only one. */
export function selectToStop({ recommendation, observation, index }: StopQuestion): StopSelection {
  const { policy, instance: id } = recommendation;
  const { instances, limits: { shrink } } = observation;
  const named = id === undefined ? undefined : index.instance(id);
  const why = named && whyNotStoppable(named, index.activity(named.id));
  const others = policy === "operator" && named
    ? []
    : stopCandidates(instances, index.activity).filter((other) => other !== named);
  const candidates = named !== undefined && why === undefined ? [named, ...others] : others;
  const instance = candidates.find((candidate) => !isWarmingUp(candidate, observation));
  if (instance === undefined) {
    const message = named && why
      ? `${named.id} cannot be stopped: ${why}.`
      : "No node in service can be stopped.";
    return { candidates, instance, message };
  }
  const action = shrink === "terminate" ? "Terminating" : "Stopping";
  const inZone = capacityByZone(instances, index.activity).get(instance.zone) ?? 0;
  const message = instance === named
    ? `${action} ${instance.id}: ${
      policy === "operator" ? "the operator named it" : "its own alarm reports low CPU"
    }.`
    : `${action} ${instance.id}: ${instance.zone} has the most instances (${inZone}), and it started last.`;
  return { candidates, instance, message };
}

/** The nodes in service that kas may stop: those of the zone with the most capacity first, then the latest started, then by id. */
export function stopCandidates(instances: readonly Instance[], activity: ActivityOf): readonly Instance[] {
  const capacity = capacityByZone(instances, activity);
  return instances
    .filter((instance) =>
      inService(instance) && whyNotStoppable(instance, activity(instance.id)) === undefined
    )
    .sort((a, b) =>
      (capacity.get(b.zone) ?? 0) - (capacity.get(a.zone) ?? 0) ||
      descending(a.launched, b.launched) ||
      byId(a, b)
    );
}
