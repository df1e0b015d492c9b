/**
 * What would change a decision: its observation and limits changed one at a time, and the decision made again with each.
 * `decide` judges every change.
 *
 * @module
 */
import { decide } from "../decide.ts";
import type { Decision } from "../model/decision.ts";
import { isObserved, type Observation, type Unobserved, withLoad } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";
import { states, transitions } from "./alarms.ts";
import { growth, maxima, minima } from "./bounds.ts";
import { type Change, type Changes, slightest } from "./change.ts";
import { oneMore, released } from "./instances.ts";
import { loads, newer, thresholds } from "./load.ts";
import { durations, later } from "./times.ts";

/** One change, and the decision that it leads to. */
export interface Counterfactual {
  /** The change in words: "with --max 4 instead of 3". */
  readonly change: string;
  readonly trigger: Trigger;
  readonly observation: Observation;
  readonly decision: Decision;
}

/**
 * The changes that lead to a different kind of decision, the smallest of each kind of change. Without an observation there is
 * nothing to change.
 */
export function counterfactuals(
  trigger: Trigger,
  observation: Observation | Unobserved,
): Counterfactual[] {
  if (!isObserved(observation)) return [];
  const decision = decide(trigger, observation);
  const made = (change: Change | undefined): Counterfactual | undefined => {
    if (change === undefined) return undefined;
    const changed = change.trigger ?? trigger;
    const other = decide(changed, change.observation);
    if (other.kind === decision.kind) return undefined;
    const stops = other.kind === "stop" || other.kind === "terminate";
    const condition = observation.cpu === undefined && stops ? UNREAD : "";
    return { ...change, change: `${change.change}${condition}`, trigger: changed, decision: other };
  };
  // The changes of a decision that did not depend on the load are tried with idle instances.
  const base = observation.cpu === undefined ? withLoad(observation, 0, observation.now) : observation;
  return changesOf(trigger, base, decision).flatMap((changes) =>
    slightest(changes.length, (i) => made(changes.at(i))) ?? []
  );
}

/** The condition of a scale-in whose load was not read. */
const UNREAD = ", if the remaining instances could carry the load, which was not read";

/** The kinds of change that are tried, the smallest change of each kind first. */
function changesOf(
  trigger: Trigger,
  observation: Observation,
  { kind, recommendation }: Decision,
): Changes[] {
  const direction = recommendation?.direction;
  const reconciles = trigger.kind === "reconcile";
  const none = kind === "none";
  // The alarm of an instance that settles recommends nothing.
  const settles = direction === undefined;
  return [
    ...(direction === "out" ? [maxima(observation, none), growth(observation, kind)] : []),
    ...(direction === "in" ? [minima(observation, none)] : []),
    ...(direction === "in" || settles ? [durations("warmup", observation, none)] : []),
    ...(settles ? [durations("metricDelay", observation, none)] : []),
    ...(direction === undefined ? [] : [
      durations(direction === "out" ? "cooldownOut" : "cooldownIn", observation, none),
      ...(reconciles ? [durations("resync", observation, none)] : []),
    ]),
    ...(none ? [later(observation)] : []),
    transitions(trigger, recommendation, observation),
    ...states(trigger, recommendation, observation, none),
    ...(direction === "in" && none ? [newer(observation)] : []),
    ...(direction === "in" ? [...loads(observation, none), thresholds(observation, none)] : []),
    ...(none
      ? [...released(trigger, recommendation, observation), oneMore(recommendation, observation)]
      : []),
  ];
}
