/**
 * Finds what would change a decision. It changes one thing at a time, for example a limit, an alarm or the load of an
 * instance, and calls `decide` for each change.
 *
 * @module
 */
import { decide } from "../decide.ts";
import { type Decision, kindOf } from "../model/decision.ts";
import { isObserved, type Observation, type Unobserved, withLoad } from "../model/observation.ts";
import { isWhole, type Trigger } from "../model/trigger.ts";
import { changeOf } from "../plan.ts";
import { states, transitions } from "./alarms.ts";
import { growth, maxima, minima, schedules, withAlarms, withoutOverride } from "./bounds.ts";
import { type Change, type Changes, slightest } from "./change.ts";
import { healthy, oneMore, released, withoutLosses } from "./instances.ts";
import { loads, newer, thresholds } from "./load.ts";
import { metricValues } from "./metrics.ts";
import { durations, later, resumed } from "./times.ts";

/** One change, and the decision that it leads to. */
export interface Counterfactual {
  /** The change in words: "with --max 4 instead of 3". */
  readonly change: string;
  readonly trigger: Trigger;
  readonly observation: Observation;
  readonly decision: Decision;
}

/**
 * Returns the changes that lead to another kind of decision: for each kind of change the smallest one. Returns none if kas did not
 * observe the fleet.
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
    if (kinds(other) === kinds(decision)) return undefined;
    const stops = other.actions.some((action) => changeOf(action) < 0);
    const condition = observation.cpu === undefined && stops ? UNREAD : "";
    return { ...change, change: `${change.change}${condition}`, trigger: changed, decision: other };
  };
  // If kas did not read the load, because the decision did not depend on it, assume that all instances are idle.
  const base = observation.cpu === undefined ? withLoad(observation, 0, observation.now) : observation;
  return changesOf(trigger, base, decision).flatMap((changes) =>
    slightest(changes.length, (i) => made(changes.at(i))) ?? []
  );
}

/** Returns the kinds of the actions of a decision. */
function kinds({ actions }: Decision): string {
  return actions.map(({ kind }) => kind).join();
}

/** Follows a change that leads to a scale-in, if kas did not read the load. */
const UNREAD = ", if the remaining instances could carry the load, which was not read";

/** Returns the changes to try, one list for each kind of change. */
function changesOf(
  trigger: Trigger,
  observation: Observation,
  decision: Decision,
): Changes[] {
  const { recommendations: [recommendation] } = decision;
  const direction = recommendation?.direction;
  const reconciles = isWhole(trigger);
  const kind = kindOf(decision);
  const none = kind === "none";
  // An alarm recommends nothing for the warm-up plus the metric delay after its instance came into service.
  const maySettle = direction === undefined;
  return [
    ...(direction === "out" ? [maxima(observation, none), growth(observation, kind)] : []),
    ...(direction === "in" ? [minima(observation, none)] : []),
    schedules(observation),
    withoutOverride(observation),
    withAlarms(observation),
    healthy(observation),
    withoutLosses(observation),
    ...(direction === "in" || maySettle ? [durations("warmup", observation, none)] : []),
    ...(maySettle ? [durations("metricDelay", observation, none)] : []),
    ...(direction === undefined ? [] : [
      durations(direction === "out" ? "cooldownOut" : "cooldownIn", observation, none),
      ...(reconciles ? [durations("resync", observation, none)] : []),
    ]),
    ...(none ? [later(observation)] : []),
    ...(direction === undefined ? [] : [resumed(direction, observation)]),
    transitions(trigger, recommendation, observation),
    ...states(trigger, recommendation, observation, none),
    ...(reconciles ? metricValues(observation) : []),
    ...(direction === "in" && none ? [newer(observation)] : []),
    ...(direction === "in" ? [...loads(observation, none), thresholds(observation, none)] : []),
    ...(none
      ? [...released(trigger, recommendation, observation), oneMore(recommendation, observation)]
      : []),
  ];
}
