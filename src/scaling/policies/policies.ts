/**
 * What the policies together recommend: how much capacity the fleet wants, and why.
 *
 * @module
 */
import type { Direction } from "../model/activity.ts";
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Observation } from "../model/observation.ts";
import type { NoOpinion, Recommendation } from "../model/recommendation.ts";
import { isWhole, type Trigger } from "../model/trigger.ts";
import {
  downToMinimum,
  inPlaceOfLost,
  notNeeded,
  oneTooMany,
  type Standing,
  standingOf,
  toMaximum,
  toMinimum,
} from "./bounds.ts";
import { asNowOf, loadPolicies } from "./load.ts";
import { operatorPolicy, overrideOf, overridePolicy } from "./operator.ts";
import { count, sentences } from "../words.ts";

/** What the policies recommend. */
export interface Advice {
  /** The capacity that the fleet wants, before the checks. */
  readonly wanted: number;
  /** The changes of capacity, in order. Each has the same direction. */
  readonly recommendations: readonly Recommendation[];
  /** If there are no recommendations: why. The text follows "No action:". */
  readonly why: string;
}

/** Consults the policies. */
export function consult(trigger: Trigger, observation: Observation, index: FleetIndex): Advice {
  const standing = standingOf(observation);
  const { current } = standing.capacity;
  if (isWhole(trigger)) return whole(trigger, observation, index, standing);
  const asked = trigger.kind === "operator"
    ? operatorPolicy(trigger, observation)
    : onNotification(trigger, observation, index, standing);
  if (asked.direction === "none") return { wanted: current, recommendations: [], why: asked.reason };
  const { direction, count: change = 1 } = asked;
  const wanted = direction === "out" ? current + change : current - change;
  return { wanted, recommendations: [asked], why: "" };
}

/**
 * Returns what a notification recommends: at most one instance. While an operator's capacity is in force, a notification starts an
 * instance only below this capacity, and stops none. If the fleet has lost an instance, a notification does not stop another one.
 */
function onNotification(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
  standing: Standing,
): Recommendation | NoOpinion {
  const { capacity, lost, surplus } = standing;
  const asked = loadPolicies(trigger, observation, index, asNowOf(standing));
  if (asked.direction === "in" && lost > surplus.length) {
    return { direction: "none", reason: alreadyLost(asked.reason, lost) };
  }
  const override = overrideOf(observation);
  if (asked.direction === "none" || override === undefined) return asked;
  const set = overridePolicy(override, capacity);
  return set.direction === "out" && asked.direction === "out"
    ? { ...asked, reason: sentences(asked.reason, set.reason) }
    : { direction: "none", reason: sentences(asked.reason, set.reason) };
}

/**
 * Returns what the whole fleet wants. kas adds a load policy's change to the present capacity plus the number of instances that the
 * fleet lost. Then the minimum raises this sum, or the maximum lowers it.
 */
function whole(trigger: Trigger, observation: Observation, index: FleetIndex, standing: Standing): Advice {
  const { capacity: { current }, bounds: { min, max }, lost, surplus, recovered } = standing;
  const asNow = asNowOf(standing);
  const override = overrideOf(observation);
  const load = override === undefined
    ? loadPolicies(trigger, observation, index, asNow)
    : overridePolicy(override, standing.capacity);
  const isAlarm = load.direction === "out" && load.policy === "alarms";
  // If an alarm asks for more capacity, kas also keeps the instances that recovered.
  const spare = override === undefined && !isAlarm ? recovered : [];
  const before = override !== undefined ? current : isAlarm ? asNow.kept : asNow.settled;
  const change = load.direction === "none" ? 0 : (load.count ?? 1) * (load.direction === "out" ? 1 : -1);
  const isScheduled = override === undefined && followsSchedules(observation);
  const asked = isScheduled ? min.value : before + change;
  const wanted = Math.min(Math.max(asked, min.value), max.value);
  if (wanted < current) {
    const cancelled = surplus.slice(0, current - wanted);
    const less = current - wanted - cancelled.length;
    const above = Math.min(less, Math.max(0, current - max.value));
    return advice(wanted, [
      ...cancelled.map(notNeeded),
      ...(above > 0 ? [toMaximum(standing, above)] : []),
      ...(isScheduled && less > above ? [downToMinimum(standing, less - above)] : []),
      ...(isScheduled ? [] : spare.slice(0, less - above).map(oneTooMany)),
      ...part(load, "in", less - above - spare.length),
    ]);
  }
  const below = Math.max(0, min.value - current);
  const replaced = Math.max(0, Math.min(asked, before) - current - below);
  const recommendations = [
    ...(below > 0 ? [toMinimum(standing, below)] : []),
    ...(replaced > 0 ? [inPlaceOfLost(observation, replaced)] : []),
    // The maximum does not lower this number: the check max-capacity names the maximum.
    ...part(load, "out", asked - current - below - replaced),
    ...(wanted === current ? part(load, "in", current - asked) : []),
  ];
  const why = load.direction === "none" ? load.reason : alreadyLost(load.reason, lost);
  return { ...advice(wanted, recommendations), why };
}

/** Whether the fleet has schedules and no load policy. It then wants its minimum at every evaluation. */
function followsSchedules({ windows, limits: { policies } }: Observation): boolean {
  return windows !== undefined && policies?.length === 0;
}

/** Returns, in sentences, why kas does not stop an instance although a policy recommends it. */
function alreadyLost(reason: string, lost: number): string {
  return sentences(reason, `The fleet has already lost ${count(lost, "instance")}.`);
}

/** Returns the part of a recommendation that concerns `count` instances, if it has the direction. */
function part(
  recommendation: Recommendation | NoOpinion,
  direction: Direction,
  instances: number,
): Recommendation[] {
  return recommendation.direction === direction && instances > 0
    ? [{ ...recommendation, count: instances }]
    : [];
}

function advice(wanted: number, recommendations: readonly Recommendation[]): Advice {
  return { wanted, recommendations, why: "" };
}
