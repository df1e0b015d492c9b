/**
 * Tries other values of the limits that are durations, the same decision at a later time, and a decision without a pause.
 *
 * @module
 */
import { operatorPauseOf } from "../checks/paused.ts";
import { pausesOf } from "../faults/pauses.ts";
import type { Direction } from "../model/activity.ts";
import { lastCapacityChange, settlingTime } from "../model/change.ts";
import { inService } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { pauseAfter } from "../selection/launch_pause.ts";
import { type Change, MOST, setting, withLimits } from "./change.ts";

/** The names of the limits that are durations. */
type Duration = "warmup" | "cooldownOut" | "cooldownIn" | "resync" | "metricDelay";

/**
 * Tries other values of one duration. Only values just below or just above the time since an event can change the decision.
 * The values are whole seconds, which an operator can set with the flag.
 */
export function durations(name: Duration, observation: Observation, shorten: boolean): Change[] {
  const present = observation.limits[name] ?? 0;
  const ages = agesFor(name, observation).filter((age) => age >= 0);
  const values = ages.map((age) => 1_000 * (Math.floor(age / 1_000) + (shorten ? 0 : 1)));
  return [...new Set(values)]
    .filter((value) => (shorten ? value < present : value > present))
    .sort((a, b) => (shorten ? b - a : a - b))
    .slice(0, MOST)
    .map((value) => ({
      change: `with --${flag(name)} ${setting(value)} instead of ${setting(present)}`,
      observation: withLimits(observation, { [name]: value }),
    }));
}

/** Returns how long ago the events were with which the rules compare a duration, in ms. */
function agesFor(name: Duration, observation: Observation): number[] {
  const { warmup, metricDelay = 0 } = observation.limits;
  switch (name) {
    case "warmup":
      return serviceAges(observation).flatMap((age) => [age, age - metricDelay]);
    case "metricDelay":
      return [
        ...serviceAges(observation).map((age) => age - warmup),
        ...changeAges(observation).flatMap((age) => periods(observation).map((period) => age - period)),
      ];
    case "cooldownOut":
    case "cooldownIn":
    case "resync":
      return scalingAges(observation);
    default:
      return name satisfies never;
  }
}

/** Tries the same observation at later times: when each cooldown, warm-up, metric delay, pause or operator's capacity has ended. */
export function later(observation: Observation): Change[] {
  const { now, limits, windows = [], history: { launchesFail }, paused = {}, override } = observation;
  const ends = [
    ...scalingAges(observation).flatMap((age) =>
      [limits.cooldownOut, limits.cooldownIn, limits.resync].map((it) => it - age)
    ),
    ...serviceAges(observation).flatMap((age) => [limits.warmup, settlingTime(limits)].map((it) => it - age)),
    ...changeAges(observation).flatMap((age) => [
      settlingTime(limits) - age,
      ...periods(observation).map((period) => period + (limits.metricDelay ?? 0) - age),
    ]),
    ...(launchesFail === undefined ? [] : [pauseAfter(launchesFail) - Math.abs(now - launchesFail.last)]),
    ...pausesOf(observation).all.map(({ until }) => until - now),
    ...Object.values(paused).flatMap(({ until }) => until === undefined ? [] : [until - now]),
    ...(override === undefined ? [] : [override.until - now]),
    ...windows.flatMap(({ begins, ends }) => [begins - now, ends - now]),
  ];
  return [...new Set(ends.filter((end) => end > 0).map((end) => 1_000 * Math.ceil(end / 1_000)))]
    .sort((a, b) => a - b)
    .slice(0, MOST)
    .map((wait) => ({
      change: `${setting(wait)} later, all else the same`,
      observation: { ...observation, now: now + wait },
    }));
}

/** Tries a decision without the operator's pause of a direction. */
export function resumed(direction: Direction, observation: Observation): Change[] {
  if (operatorPauseOf(direction, observation) === undefined) return [];
  const { paused: _, ...without } = observation;
  return [{ change: `with scaling ${direction} resumed`, observation: without }];
}

/** Returns how long ago each instance in service came into service, and how long ago EC2 started it, in ms. */
function serviceAges({ now, instances, history }: Observation): number[] {
  return instances.filter(inService)
    .flatMap(({ id, launched }) => [history.inServiceSince[id], launched])
    .filter((since) => since !== undefined)
    .map((since) => Math.abs(now - since));
}

/** Returns how long ago kas last scaled out, and how long ago it last scaled in, in ms. */
function scalingAges({ now, history: { lastOut, lastIn } }: Observation): number[] {
  return [lastOut, lastIn].filter((at) => at !== undefined).map((at) => Math.abs(now - at));
}

/** Returns how long ago capacity last changed, in ms. Empty if no change is known. */
function changeAges(observation: Observation): number[] {
  const changed = lastCapacityChange(observation);
  return changed === undefined ? [] : [Math.abs(observation.now - changed)];
}

/** Returns the periods of the alarms that recommend more capacity, in ms. */
function periods({ alarms }: Observation): number[] {
  const asking = alarms.filter(({ kind, state }) => kind !== "cpulow" && state === "ALARM");
  return [...new Set(asking.map(({ period }) => period * 1_000))];
}

/** Converts the name of a limit to its flag: `cooldownIn` → `cooldown-in`. */
function flag(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
