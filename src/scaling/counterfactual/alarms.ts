/**
 * Tries other states of the alarms in CloudWatch, and other alarm changes than the one that the notification reports.
 *
 * @module
 */
import type { AlarmChange, AlarmKind, AlarmState } from "../model/alarm.ts";
import type { Observation } from "../model/observation.ts";
import type { Recommendation } from "../model/recommendation.ts";
import { isWhole, type Trigger } from "../model/trigger.ts";
import { directionOf } from "../policies/alarms.ts";
import { type Change, MOST } from "./change.ts";

/** The kinds of alarms that recommend more capacity while they are in ALARM. */
const HIGH: readonly AlarmKind[] = ["cpuhigh", "reqcount"];

/** Tries changes to other states of the alarm that triggered the evaluation. */
export function transitions(
  trigger: Trigger,
  recommendation: Recommendation | undefined,
  observation: Observation,
): Change[] {
  if (trigger.kind !== "notification" || trigger.alarm === undefined) return [];
  const { alarm } = trigger;
  const { kind, dimension, to } = alarm;
  // Skip changes that recommend scaling in: the observation of a scale-out does not have all data that scaling in needs.
  const isUnusable = (state: AlarmState) =>
    recommendation?.direction !== "in" && directionOf(kind, state) === "in";
  return (["ALARM", "OK"] as const).filter((state) => state !== to && !isUnusable(state)).map((state) => ({
    change: `if ${kind} on ${dimension} had changed to ${state} instead of ${to}`,
    observation,
    trigger: { kind: "notification", alarm: { ...alarm, to: state } },
  }));
}

/** Tries other states of alarms in CloudWatch. `none` says that the decision is no action. */
export function states(
  trigger: Trigger,
  recommendation: Recommendation | undefined,
  observation: Observation,
  none: boolean,
): Change[][] {
  const reconciles = isWhole(trigger);
  const own = stillAsReported(recommendation?.alarm, observation);
  if (recommendation?.direction === "out" && !reconciles) return [own];
  const alarming =
    observation.alarms.filter(({ kind, state }) => HIGH.includes(kind) && state === "ALARM").length;
  return [
    ...(none && alarming === 0 ? [] : [withoutAlarm(observation, alarming)]),
    ...(none && !reconciles ? [] : [one(observation, HIGH, "ALARM")]),
    ...(none && reconciles ? [one(observation, ["cpulow"], "OK")] : []),
    own,
  ];
}

/** Tries the state OK for each alarm that recommends more capacity, and for all of them together. */
function withoutAlarm(observation: Observation, alarming: number): Change[] {
  return [
    ...one(observation, HIGH, "OK"),
    {
      change: `if none of ${alarming} cpuhigh and reqcount alarms were in ALARM`,
      observation: withState(
        observation,
        (at) => HIGH.includes(observation.alarms[at]?.kind ?? "cpulow"),
        "OK",
      ),
    },
  ];
}

/** Tries a state for each alarm of some kinds, one alarm at a time. */
function one(observation: Observation, kinds: readonly AlarmKind[], state: "ALARM" | "OK"): Change[] {
  return observation.alarms.flatMap(({ kind, dimension, state: was }, i) =>
    kinds.includes(kind) && was !== state
      ? [{
        change: `if ${kind} on ${dimension} were in ${state} instead of ${was}`,
        observation: withState(observation, (at) => at === i, state),
      }]
      : []
  ).slice(0, MOST);
}

/** Tries an observation in which the alarm of the recommendation is still in the state that the notification reported. */
function stillAsReported(alarm: AlarmChange | undefined, observation: Observation): Change[] {
  if (alarm === undefined) return [];
  const { fleet, kind, dimension, to } = alarm;
  const i = observation.alarms.findIndex((it) =>
    it.fleet === fleet && it.kind === kind && it.dimension === dimension
  );
  if (i < 0) return [];
  return [{
    change: `if ${kind} on ${dimension} were still in ${to}`,
    observation: {
      ...observation,
      alarms: observation.alarms.map((it, at) => (at === i ? { ...it, state: to } : it)),
    },
  }];
}

function withState(
  observation: Observation,
  which: (at: number) => boolean,
  state: AlarmState,
): Observation {
  return {
    ...observation,
    alarms: observation.alarms.map((alarm, i) =>
      which(i) && alarm.state !== state ? { ...alarm, state } : alarm
    ),
  };
}
