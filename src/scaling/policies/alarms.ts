/**
 * The alarms policy: one instance more while an alarm reports a high load, one less while one reports a low load.
 *
 * @module
 */
import type { Direction } from "../model/activity.ts";
import type { Alarm, AlarmChange, AlarmKind, AlarmState } from "../model/alarm.ts";
import type { FleetIndex } from "../model/fleet_index.ts";
import type { Observation } from "../model/observation.ts";
import type { AlarmRecommendation, NoOpinion } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";
import { checkFreshness } from "../checks/freshness.ts";
import { checkAlarmWarmUp } from "../checks/warmup.ts";
import { stopCandidates } from "../selection/stop.ts";
import { count } from "../words.ts";

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
      return fromNotification(trigger.alarm);
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

/**
 * R2: what the present states ask for. A notification reports a change once and may be lost; the state can be read again.
 *
 * States that ask for more go before states that ask for less (R4); among them the state that has lasted longest decides.
 * States that the not-newest or warm-up check holds back do not count. Of cpulow alarms, one of an instance that kas may
 * stop goes first.
 */
function fromStates(
  trigger: Trigger,
  observation: Observation,
  index: FleetIndex,
): AlarmRecommendation | NoOpinion {
  const { alarms, instances } = observation;
  const asking = alarms
    .toSorted((a, b) => a.changed - b.changed || byName(a, b))
    .map(fromState)
    .filter((it): it is AlarmRecommendation => it.direction !== "none")
    .map((recommendation) => ({ trigger, recommendation, observation, index }))
    .filter((context) => checkFreshness(context).passed);
  const out = asking.find(({ recommendation }) => recommendation.direction === "out");
  if (out !== undefined) return out.recommendation;
  const less = asking.filter((context) => checkAlarmWarmUp(context).passed)
    .map(({ recommendation }) => recommendation);
  const stoppable = new Set(stopCandidates(instances, index.activity).map(({ id }) => id));
  const own = less.find(({ instance }) => instance !== undefined && stoppable.has(instance));
  return own ?? less[0] ??
    { direction: "none", reason: `none of ${count(alarms.length, "alarm")} asks for a change.` };
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
