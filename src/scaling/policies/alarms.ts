/**
 * The alarms policy. It recommends one instance more while an alarm reports a high load, and one instance less while an alarm
 * reports a low load.
 *
 * @module
 */
import type { Direction } from "../model/activity.ts";
import type { Alarm, AlarmChange, AlarmKind, AlarmState } from "../model/alarm.ts";
import type { FleetIndex } from "../model/fleet_index.ts";
import { type Observation, recent } from "../model/observation.ts";
import type { AlarmRecommendation, NoOpinion } from "../model/recommendation.ts";
import { policyOf } from "../model/load/policy.ts";
import type { Trigger } from "../model/trigger.ts";
import { checkNotNewest } from "../checks/not_newest.ts";
import { whyNoSign } from "../checks/warmup.ts";
import { isAnyJoining, lastCapacityChange } from "../model/change.ts";
import { saturationOf } from "./saturation.ts";
import { stopCandidates } from "../selection/stop.ts";
import { count, seconds, sentences } from "../words.ts";

/** The direction that each state of each kind of alarm recommends. */
const DIRECTIONS: Readonly<Record<AlarmKind, Readonly<Record<AlarmState, Direction | "none">>>> = {
  cpuhigh: { ALARM: "out", OK: "none", INSUFFICIENT_DATA: "none" },
  cpulow: { ALARM: "none", OK: "in", INSUFFICIENT_DATA: "none" },
  reqcount: { ALARM: "out", OK: "in", INSUFFICIENT_DATA: "none" },
};

/** The metric of each kind of alarm, as a word that precedes "alarm" in a reason. */
const METRICS: Readonly<Record<AlarmKind, string>> = { cpuhigh: "CPU", cpulow: "CPU", reqcount: "Request" };

/** Returns the direction that a state of an alarm recommends. */
export function directionOf(kind: AlarmKind, state: AlarmState): Direction | "none" {
  return DIRECTIONS[kind][state];
}

/**
 * Returns the recommendation of the fleet's alarms. For a notification, only the alarm change that the notification reports
 * counts. For a reconcile, the present states of all alarms count.
 */
export function alarmsPolicy(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
): AlarmRecommendation | NoOpinion {
  if (policyOf(observation.limits, "alarms") === undefined) {
    return { direction: "none", reason: "the setting policies has no policy that reads alarms." };
  }
  switch (trigger.kind) {
    case "notification":
      return withSign(fromNotification(trigger.alarm), observation, index);
    case "reconcile":
    case "schedule":
    case "telemetry":
      return fromStates(trigger, observation, index);
    case "operator":
      return { direction: "none", reason: "the trigger is not an alarm." };
    default:
      return trigger satisfies never;
  }
}

/** Returns what the alarm change of a notification recommends, without an observation of the fleet. */
export function fromNotification(alarm: AlarmChange | undefined): AlarmRecommendation | NoOpinion {
  if (alarm === undefined) return { direction: "none", reason: "the message is not an alarm." };
  const { kind, dimension, from, to } = alarm;
  return recommend(alarm, `${METRICS[kind]} alarm ${kind} on ${dimension} changed from ${from} to ${to}.`);
}

/** Returns the recommendation of an alarm, or no recommendation if the alarm says nothing about the fleet's load. */
function withSign(
  recommendation: AlarmRecommendation | NoOpinion,
  observation: Observation,
  index: FleetIndex,
): AlarmRecommendation | NoOpinion {
  if (recommendation.direction === "none" || recommendation.alarm.fleet !== observation.fleet) {
    return recommendation;
  }
  const why = whyNoSign(recommendation.alarm, observation, index);
  return why === undefined ? recommendation : { direction: "none", reason: why };
}

/**
 * R2: returns what the present states of the alarms recommend. A notification reports a change once, and may be lost. The
 * state can be read again.
 *
 * If some states recommend more capacity and others less, kas follows those that recommend more (R4). Among several states
 * with the same recommendation, the state that has lasted longest decides. kas ignores states whose action the check
 * `not-newest` would hold back, and states that say nothing about the load. A state recommends more capacity only when it can
 * show the effect of the present capacity. Among cpulow alarms, kas prefers the alarm of an instance that it may stop.
 */
function fromStates(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
): AlarmRecommendation | NoOpinion {
  const { alarms, instances } = observation;
  const asking = alarms
    .toSorted((a, b) => a.changed - b.changed || byName(a, b))
    .map((alarm) => ({
      period: alarm.period,
      recommendation: withSign(fromState(alarm), observation, index),
    }))
    .filter((it): it is State => it.recommendation.direction !== "none")
    .filter(({ recommendation }) => checkNotNewest({ trigger, recommendation, observation, index }).passed);
  const out = asking.find(({ recommendation }) => recommendation.direction === "out");
  if (out !== undefined) return repeat(out, observation, index);
  const less = asking.filter((state) => whyTooEarlyForLess(state, observation) === undefined)
    .map(({ recommendation }) => recommendation);
  const [early] = asking;
  if (less.length === 0 && early !== undefined) {
    return { direction: "none", reason: whyTooEarlyForLess(early, observation) ?? "" };
  }
  const stoppable = new Set(stopCandidates(instances, index.activity).map(({ id }) => id));
  const own = less.find(({ instance }) => instance !== undefined && stoppable.has(instance));
  return own ?? less[0] ??
    { direction: "none", reason: `none of ${count(alarms.length, "alarm")} asks for a change.` };
}

/** A state that recommends a change of capacity, and the period of its alarm in seconds. */
interface State {
  readonly period: number;
  readonly recommendation: AlarmRecommendation;
}

/**
 * Recommends more capacity again while a state lasts: when the state can show the effect of the present capacity, or before
 * that if the instances are saturated.
 */
function repeat(
  state: State,
  observation: Observation,
  index: FleetIndex,
): AlarmRecommendation | NoOpinion {
  const why = whyTooEarly(state, observation, index);
  if (why === undefined) return state.recommendation;
  const saturation = saturationOf(observation);
  if (saturation === undefined) return { direction: "none", reason: why };
  return { ...state.recommendation, reason: sentences(state.recommendation.reason, saturation) };
}

/**
 * Returns, in a sentence, why a state does not recommend more capacity yet: it may show the load from before the last change of
 * capacity. Returns undefined if it does recommend more.
 */
function whyTooEarly(
  { period, recommendation: { reason } }: State,
  observation: Observation,
  index: FleetIndex,
): string | undefined {
  const { limits: { metricDelay = 0 }, now } = observation;
  // Without a metric delay, datapoints count at once. Records of versions 1 and 2 of the rules have no metric delay.
  if (metricDelay === 0) return undefined;
  if (isAnyJoining(observation, index)) {
    return sentences(
      reason,
      "An instance is joining: the alarm does not show yet how much of the load it takes over.",
    );
  }
  const changed = lastCapacityChange(observation);
  const span = period * 1_000 + metricDelay;
  if (changed === undefined || !recent(changed, span, now)) return undefined;
  const ago = seconds(Math.abs(now - changed));
  return sentences(
    reason,
    `Capacity changed ${ago} ago: the alarm can show the change ${
      seconds(span)
    } after it (period plus metric delay).`,
  );
}

/**
 * Returns, in a sentence, why a state does not recommend less capacity: the fleet lost an instance, and the state may show the
 * load from before that. Returns undefined if it does recommend less.
 */
function whyTooEarlyForLess(
  { period, recommendation: { reason } }: State,
  observation: Observation,
): string | undefined {
  const { history: { losses = [] }, limits: { metricDelay = 0 }, now } = observation;
  const changed = lastCapacityChange(observation);
  const span = period * 1_000 + metricDelay;
  if (!losses.some(({ open }) => open) || !recent(changed, span, now)) return undefined;
  return sentences(
    reason,
    "The fleet lost an instance, and the alarm does not yet show the load after the loss.",
  );
}

function fromState({ fleet, kind, dimension, state, changed }: Alarm): AlarmRecommendation | NoOpinion {
  const change: AlarmChange = { fleet, kind, dimension, from: state, to: state, at: changed };
  return recommend(change, `${METRICS[kind]} alarm ${kind} on ${dimension} is still in ${state}.`);
}

function recommend(alarm: AlarmChange, reason: string): AlarmRecommendation | NoOpinion {
  const { kind, dimension, to } = alarm;
  const direction = directionOf(kind, to);
  if (direction === "none") return { direction, reason: whyNone(alarm) };
  // A cpulow alarm recommends that its own instance stops first (R8).
  const own = kind === "cpulow" ? { instance: dimension } : {};
  return { policy: "alarms", direction, alarm, ...own, reason };
}

function whyNone({ kind, dimension, to }: AlarmChange): string {
  const alarm = `${kind} on ${dimension}`;
  if (to === "INSUFFICIENT_DATA") return `${alarm} has insufficient data.`;
  return to === "OK" ? `${alarm} returned to OK.` : `${alarm} changed to ALARM: the instance is not idle.`;
}

/** Orders alarms by the code units of their names. A locale's order would differ between machines (R16). */
function byName(a: Alarm, b: Alarm): number {
  const [x, y] = [`${a.kind}:${a.dimension}`, `${b.kind}:${b.dimension}`];
  return x < y ? -1 : x > y ? 1 : 0;
}
