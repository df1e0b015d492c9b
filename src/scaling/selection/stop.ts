/**
 * R8: selects which node kas stops or terminates.
 *
 * @module
 */
import type { ActivityOf } from "../model/activity.ts";
import { capacityByZone } from "../model/capacity.ts";
import { inService, type Instance } from "../model/instance.ts";
import { isWarmingUp } from "../model/observation.ts";
import type { Recommendation } from "../model/recommendation.ts";
import { whyNotStoppable } from "./eligibility.ts";
import { byId, descending } from "./order.ts";
import type { SelectionQuestion } from "./question.ts";

/** The result of the selection for scaling in. */
export interface StopSelection {
  /** The nodes that kas may stop, in order. */
  readonly candidates: readonly Instance[];
  /** The first candidate whose warm-up has passed (R5). Undefined if there is none. */
  readonly instance: Instance | undefined;
  /** Why kas selected the instance, or why it selected none, in a sentence. */
  readonly message: string;
}

/** Returns the selection of a node that kas stops because it is unhealthy, or because it is not needed any more (R21). */
export function selectReplaced({ recommendation, observation, index }: SelectionQuestion): StopSelection {
  const { instance: id } = recommendation;
  const instance = id === undefined ? undefined : index.instance(id);
  const action = observation.limits.shrink === "terminate" ? "Terminating" : "Stopping";
  return {
    candidates: instance === undefined ? [] : [instance],
    instance,
    message: instance === undefined ? "" : `${action} ${instance.id}.`,
  };
}

/** Why a recommendation names the node to stop, by its policy. */
const WHY_NAMED: Readonly<Partial<Record<Recommendation["policy"], string>>> = {
  operator: "the operator named it",
  replacement: "another instance serves in its place",
};

/**
 * Selects the node to stop. A node that the recommendation names is the first candidate. If an operator names it, it is the only
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
    ? `${action} ${instance.id}: ${WHY_NAMED[policy] ?? "its own alarm reports low CPU"}.`
    : warm.length === 1
    ? `${action} ${instance.id}: it is the only candidate.`
    : `${action} ${instance.id} of ${warm.length} candidates: ${instance.zone} has the most instances (${inZone}), and it started last.`;
  return { candidates, instance, message };
}

/** Returns, in a sentence, why there is no candidate. */
function withoutCandidate(instances: readonly Instance[]): string {
  const none = "No node in service can be stopped";
  const nodes = instances.filter((it) => it.role === "node" && inService(it)).toSorted(byId);
  const refused = nodes.filter((it) => it.refusesStop !== undefined);
  const [first] = refused;
  if (first !== undefined) {
    return `${none}; EC2 refuses to stop ${first.id}${andMore(refused)}: ${first.refusesStop}.`;
  }
  const held = nodes.filter((it) => it.protected);
  return held[0] === undefined ? `${none}.` : `${none}; protected: ${held[0].id}${andMore(held)}.`;
}

/** Returns how many instances follow the first one of a list. */
function andMore({ length }: readonly Instance[]): string {
  return length === 1 ? "" : ` and ${length - 1} more`;
}

/**
 * Returns the nodes in service that kas may stop, in their order. Nodes of the zone with the most capacity are first. Among
 * these, the node that EC2 started last is first. Then the id decides.
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
