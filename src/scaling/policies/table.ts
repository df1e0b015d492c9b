/**
 * What each policy recommends, for people who ask why kas wants a capacity. policies.ts makes the decision from the same functions.
 *
 * @module
 */
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Window } from "../model/limits.ts";
import type { Observation } from "../model/observation.ts";
import type { NoOpinion, Recommendation } from "../model/recommendation.ts";
import { isWhole, type Trigger } from "../model/trigger.ts";
import { boundText, iso, sentences } from "../words.ts";
import { alarmsPolicy } from "./alarms.ts";
import { inPlaceOfLost, notNeeded, oneTooMany, type Standing, standingOf } from "./bounds.ts";
import { asNowOf, capacityAnswers } from "./load.ts";
import { operatorPolicy, overrideOf, overrideSentence } from "./operator.ts";

/** What a policy recommends. */
export interface PolicyAnswer {
  /** The name of the policy. A schedule has the name `schedule NAME`. */
  readonly policy: string;
  /** The capacity that the policy recommends. Null if the policy recommends none. */
  readonly capacity: number | null;
  /** Why, in sentences. */
  readonly reason: string;
}

/** Returns what each policy recommends. */
export function policyTable(trigger: Trigger, observation: Observation, index: FleetIndex): PolicyAnswer[] {
  const standing = standingOf(observation);
  const { bounds: { min, max } } = standing;
  const { now, windows = [] } = observation;
  return [
    operator(trigger, observation, standing),
    alarms(trigger, observation, index, standing),
    ...capacities(observation, standing),
    replacement(observation, standing),
    { policy: "minimum", capacity: min.value, reason: `min is ${boundText(min, now)}.` },
    { policy: "maximum", capacity: max.value, reason: `max is ${boundText(max, now)}.` },
    ...windows.map((window) => schedule(window, now)),
  ];
}

function operator(trigger: Trigger, observation: Observation, standing: Standing): PolicyAnswer {
  if (trigger.kind === "operator") {
    const asked = operatorPolicy(trigger, observation);
    const capacity = trigger.direction === "to"
      ? trigger.capacity
      : standing.capacity.current + changeOf(asked);
    return { policy: "operator", capacity, reason: asked.reason };
  }
  const override = overrideOf(observation);
  return override === undefined
    ? { policy: "operator", capacity: null, reason: "No operator asked for a capacity." }
    : { policy: "operator", capacity: override.capacity, reason: overrideSentence(override) };
}

/** Returns what the alarms recommend. If an operator scales, returns what they would recommend at a reconcile. */
function alarms(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
  standing: Standing,
): PolicyAnswer {
  const { limits: { policies } } = observation;
  const isRead = trigger.kind !== "operator" || observation.alarms.length > 0 || policies?.length === 0;
  if (!isRead) return { policy: "alarms", capacity: null, reason: "kas read no alarm." };
  const asked = alarmsPolicy(
    trigger.kind === "operator" ? { kind: "reconcile" } : trigger,
    observation,
    index,
  );
  const { settled, kept } = asNowOf(standing);
  const whole = asked.direction === "out" ? kept : settled;
  const before = isWhole(trigger) || trigger.kind === "operator" ? whole : standing.capacity.current;
  const isOutvoted = asked.direction === "in" &&
    capacityAnswers(observation, settled).some(({ capacity }) => capacity !== undefined);
  const isReplaced = trigger.kind === "operator" || overrideOf(observation) !== undefined;
  return {
    policy: "alarms",
    capacity: asked.direction === "none" || isOutvoted ? null : before + changeOf(asked),
    reason: sentences(
      capital(asked.reason),
      isOutvoted ? "The other load policies decide about less capacity." : "",
      isReplaced ? "kas follows the operator instead." : "",
    ),
  };
}

/** Returns what the policies recommend that recommend a capacity. */
function capacities(observation: Observation, standing: Standing): PolicyAnswer[] {
  return capacityAnswers(observation, asNowOf(standing).settled).map((
    { policy, capacity, reason },
  ) => ({
    policy,
    capacity: capacity ?? null,
    reason: sentences(
      reason,
      overrideOf(observation) === undefined ? "" : "kas follows the operator instead.",
    ),
  }));
}

function replacement(
  observation: Observation,
  standing: Standing,
): PolicyAnswer {
  const { capacity: { current }, lost, surplus, recovered } = standing;
  const reasons = [
    ...(lost > 0 ? [inPlaceOfLost(observation, lost).reason] : []),
    ...surplus.map((id) => notNeeded(id).reason),
    ...recovered.map((id) => oneTooMany(id).reason),
  ];
  return reasons.length === 0
    ? { policy: "replacement", capacity: null, reason: "The fleet has lost no instance." }
    : {
      policy: "replacement",
      capacity: asNowOf(standing).settled,
      reason: sentences(`Capacity is ${current}.`, ...reasons),
    };
}

function schedule({ name, begins, ends, min, max }: Window, now: number): PolicyAnswer {
  const bounds = [...(min === undefined ? [] : [`min ${min}`]), ...(max === undefined ? [] : [`max ${max}`])];
  const when = begins <= now ? `until ${iso(ends)}` : `from ${iso(begins)}`;
  return {
    policy: `schedule ${name}`,
    capacity: min ?? max ?? null,
    reason: `${bounds.join(" and ")} ${when}.`,
  };
}

/** Returns by how many instances a recommendation changes the capacity. */
function changeOf(asked: Recommendation | NoOpinion): number {
  if (asked.direction === "none") return 0;
  return (asked.count ?? 1) * (asked.direction === "out" ? 1 : -1);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
