/**
 * What the load policies together recommend. The largest recommendation wins, so that all of them must agree on less capacity.
 *
 * @module
 */
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Observation } from "../model/observation.ts";
import { hasCapacityPolicy, policyOf } from "../model/load/policy.ts";
import type { LoadAnswer, NoOpinion, Recommendation } from "../model/recommendation.ts";
import { isWhole, type Trigger } from "../model/trigger.ts";
import { sentences } from "../words.ts";
import { adaptivePolicy } from "./adaptive/adaptive.ts";
import { alarmsPolicy } from "./alarms.ts";
import { formulaPolicy } from "./formula.ts";
import type { Standing } from "./bounds.ts";
import { targetPolicy } from "./target.ts";

/** The capacity that the fleet has if no policy asks for a change. */
export interface AsNow {
  /** The present capacity plus the lost instances, when kas has stopped the instances that recovered beside their replacements. */
  readonly settled: number;
  /** The same if kas keeps these instances. */
  readonly kept: number;
}

/** Returns the capacity that the fleet has if no policy asks for a change. */
export function asNowOf({ capacity: { current }, lost, surplus, recovered }: Standing): AsNow {
  const kept = current + lost - surplus.length;
  return { settled: kept - recovered.length, kept };
}

/**
 * Returns what the policies recommend that recommend a capacity, in a fixed order.
 *
 * @param asNow the present capacity plus the number of lost instances
 */
export function capacityAnswers(observation: Observation, asNow: number): LoadAnswer[] {
  const target = policyOf(observation.limits, "target");
  const adaptive = policyOf(observation.limits, "adaptive");
  const formula = policyOf(observation.limits, "formula");
  return [
    ...(target === undefined ? [] : [targetPolicy(target, observation, asNow)]),
    ...(adaptive === undefined ? [] : [adaptivePolicy(adaptive, observation, asNow)]),
    ...(formula === undefined ? [] : [formulaPolicy(formula, observation, asNow)]),
  ];
}

/**
 * Returns the change that the load policies recommend: from `kept` if an alarm asks for more, and else from `settled`. A notification may only ask for one instance more
 * or less, and for less only if alarms is the only load policy.
 */
export function loadPolicies(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
  { settled, kept }: AsNow,
): Recommendation | NoOpinion {
  const alarms = alarmsPolicy(trigger, observation, index);
  if (!hasCapacityPolicy(observation.limits)) return alarms;
  const answers = capacityAnswers(observation, settled);
  if (!isWhole(trigger)) {
    if (alarms.direction !== "in") return alarms;
    const names = answers.map(({ policy }) => policy).join(", ");
    return {
      direction: "none",
      reason: sentences(
        alarms.reason,
        `An alarm alone does not stop an instance: the fleet has the policy ${names} too.`,
      ),
    };
  }
  const [largest] = answers.filter(hasOpinion).toSorted((a, b) => b.capacity - a.capacity);
  const least = alarms.direction === "out" ? kept + 1 : -Infinity;
  if (largest === undefined || least >= largest.capacity) {
    return alarms.direction === "none" ? noOpinion(answers, alarms) : alarms;
  }
  const { policy, capacity, reason } = largest;
  if (capacity === settled) return noOpinion(answers, undefined);
  return {
    policy,
    direction: capacity > settled ? "out" : "in",
    count: Math.abs(capacity - settled),
    reason,
  };
}

function hasOpinion(answer: LoadAnswer): answer is LoadAnswer & { readonly capacity: number } {
  return answer.capacity !== undefined;
}

function noOpinion(answers: readonly LoadAnswer[], alarms: NoOpinion | undefined): NoOpinion {
  return {
    direction: "none",
    reason: sentences(...answers.map(({ reason }) => reason), alarms?.reason ?? ""),
  };
}
