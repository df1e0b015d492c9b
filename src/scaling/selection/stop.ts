/**
 * R8: which node to stop or terminate.
 *
 * @module
 */
import type { ActivityOf } from "../model/activity.ts";
import { capacityByZone } from "../model/capacity.ts";
import { inService, type Instance } from "../model/instance.ts";
import { isWarmingUp } from "../model/observation.ts";
import { whyNotStoppable } from "./eligibility.ts";
import { byId, descending } from "./order.ts";
import type { SelectionQuestion } from "./question.ts";

/** Which node scaling in takes out. */
export interface StopSelection {
  /** The nodes that kas may stop, in order. */
  readonly candidates: readonly Instance[];
  /** The first of them that is past its warm-up (R5). */
  readonly instance: Instance | undefined;
  /** Why it is the first one, or why there is no candidate: a sentence. */
  readonly message: string;
}

/**
 * Selects which node to stop. An instance that the recommendation names goes first. If an operator names it, it is the only
 * candidate.
 */
export function selectToStop({ recommendation, observation, index }: SelectionQuestion): StopSelection {
  const { policy, instance: id } = recommendation;
  const { instances, limits: { shrink } } = observation;
  const named = id === undefined ? undefined : index.instance(id);
  const why = named && whyNotStoppable(named, index.activity(named.id));
  const others = policy === "operator" && named
    ? []
    : stopCandidates(instances, index.activity).filter((other) => other !== named);
  const candidates = named !== undefined && why === undefined ? [named, ...others] : others;
  const warm = candidates.filter((candidate) => !isWarmingUp(candidate, observation));
  const [instance] = warm;
  if (instance === undefined) {
    const message = named && why ? `${named.id} cannot be stopped: ${why}.` : withoutCandidate(instances);
    return { candidates, instance, message };
  }
  const action = shrink === "terminate" ? "Terminating" : "Stopping";
  const inZone = capacityByZone(instances, index.activity).get(instance.zone) ?? 0;
  const message = instance === named
    ? `${action} ${instance.id}: ${
      policy === "operator" ? "the operator named it" : "its own alarm reports low CPU"
    }.`
    : warm.length === 1
    ? `${action} ${instance.id}: it is the only candidate.`
    : `${action} ${instance.id} of ${warm.length} candidates: ${instance.zone} has the most instances (${inZone}), and it started last.`;
  return { candidates, instance, message };
}

/** Why there is no candidate, a sentence. */
function withoutCandidate(instances: readonly Instance[]): string {
  const refused = instances.filter((it) =>
    it.role === "node" && inService(it) && it.refusesStop !== undefined
  );
  const [first] = refused.toSorted(byId);
  if (first === undefined) return "No node in service can be stopped.";
  const more = refused.length === 1 ? "" : ` and ${refused.length - 1} more`;
  return `No node in service can be stopped; EC2 refuses to stop ${first.id}${more}: ${first.refusesStop}.`;
}

/**
 * The nodes in service that kas may stop, in this order: those of the zone with the most capacity, then the latest started, then
 * by id.
 */
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
