/**
 * The alarms policy: one instance more while an alarm reports a high load, one less while one reports a low load.
 *
 * @module
 */
import type { Direction } from "../model/activity.ts";
import type { Alarm, AlarmChange, AlarmKind, AlarmState } from "../model/alarm.ts";
import type { FleetIndex } from "../model/fleet_index.ts";
import { type Observation, recent } from "../model/observation.ts";
import type { AlarmRecommendation, NoOpinion } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";
import { checkNotNewest } from "../checks/not_newest.ts";
import { whyNoSign } from "../checks/warmup.ts";
import { isAnyJoining, lastCapacityChange } from "../model/change.ts";
import { saturationOf } from "./saturation.ts";
import { stopCandidates } from "../selection/stop.ts";
import { count, seconds, sentences } from "../words.ts";

/** What each state of each alarm recommends. */
const DIRECTIONS: Readonly<Record<AlarmKind, Readonly<Record<AlarmState, Direction | "none">>>> = {
  cpuhigh: { ALARM: "out", OK: "none", INSUFFICIENT_DATA: "none" },
  cpulow: { ALARM: "none", OK: "in", INSUFFICIENT_DATA: "none" },
  reqcount: { ALARM: "out", OK: "in", INSUFFICIENT_DATA: "none" },
};

/** The metric of each alarm, to precede "alarm". */
const METRICS: Readonly<Record<AlarmKind, string>> = { cpuhigh: "CPU", cpulow: "CPU", reqcount: "Request" };

/** What a state of an alarm recommends. */
export function directionOf(kind: AlarmKind, state: AlarmState): Direction | "none" {
  return DIRECTIONS[kind][state];
}

/** Recommends what the change that a notification reports asks for; at a reconcile, what the present states ask for. */
export function alarmsPolicy(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
): AlarmRecommendation | NoOpinion {
  switch (trigger.kind) {
    case "notification":
      return withSign(fromNotification(trigger.alarm), observation, index);
    case "reconcile":
      return fromStates(trigger, observation, index);
    case "operator":
      return { direction: "none", reason: "the trigger is not an alarm." };
    default:
      return trigger satisfies never;
  }
}

/** What the change that a notification reports asks for. It needs no observation. */
export function fromNotification(alarm: AlarmChange | undefined): AlarmRecommendation | NoOpinion {
  if (alarm === undefined) return { direction: "none", reason: "the message is not an alarm." };
  const { kind, dimension, from, to } = alarm;
  return recommend(alarm, `${METRICS[kind]} alarm ${kind} on ${dimension} changed from ${from} to ${to}.`);
}

/** The recommendation, unless its alarm says nothing about the fleet's load. */
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
 * R2: what the present states ask for. A notification reports a change once and may be lost; the state can be read again.
 *
 * States that ask for more go before states that ask for less (R4); among them the state that has lasted longest decides.
 * States that the not-newest check holds back, and those that say nothing about the load, do not count. A state asks for more
 * only once it can show the present capacity. Of cpulow alarms, one of an instance that kas may stop goes first.
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
  const less = asking.map(({ recommendation }) => recommendation);
  const stoppable = new Set(stopCandidates(instances, index.activity).map(({ id }) => id));
  const own = less.find(({ instance }) => instance !== undefined && stoppable.has(instance));
  return own ?? less[0] ??
    { direction: "none", reason: `none of ${count(alarms.length, "alarm")} asks for a change.` };
}

/** A state that asks for a change, and the period of its alarm, in seconds. */
interface State {
  readonly period: number;
  readonly recommendation: AlarmRecommendation;
}

/** Asks for more again while a state lasts: once it shows the present capacity, or as far as saturated instances allow. */
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

/** Why a state does not ask for more yet, a sentence: it may show the load before the last change of capacity. */
function whyTooEarly(
  { period, recommendation: { reason } }: State,
  observation: Observation,
  index: FleetIndex,
): string | undefined {
  const { limits: { metricDelay = 0 }, now } = observation;
  // Without a delay readings count at once, as they did in versions 1 and 2 of the rules.
  if (metricDelay === 0) return undefined;
  if (isAnyJoining(observation, index)) {
    return sentences(reason, "An instance is joining, whose share of the load it does not show yet.");
  }
  const changed = lastCapacityChange(observation);
  const span = period * 1_000 + metricDelay;
  if (changed === undefined || !recent(changed, span, now)) return undefined;
  const ago = seconds(Math.abs(now - changed));
  return sentences(
    reason,
    `Capacity changed ${ago} ago, which the alarm shows ${seconds(span)} after it (period and metric delay).`,
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
  // An idle instance is the first to stop (R8).
  const own = kind === "cpulow" ? { instance: dimension } : {};
  return { policy: "alarms", direction, alarm, ...own, reason };
}

function whyNone({ kind, dimension, to }: AlarmChange): string {
  const alarm = `${kind} on ${dimension}`;
  if (to === "INSUFFICIENT_DATA") return `${alarm} has insufficient data.`;
  return to === "OK" ? `${alarm} returned to OK.` : `${alarm} changed to ALARM: the instance is not idle.`;
}

/** Orders alarms by code unit, as a locale's order differs between machines (R16). */
function byName(a: Alarm, b: Alarm): number {
  const [x, y] = [`${a.kind}:${a.dimension}`, `${b.kind}:${b.dimension}`];
  return x < y ? -1 : x > y ? 1 : 0;
}
