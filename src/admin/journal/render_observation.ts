/**
 * Renders an observation: instances, alarms, limits and history.
 *
 * @module
 */
import { isoTime, percent, seconds, settingTime } from "../../cli/format.ts";
import { wrap } from "../../cli/text.ts";
import { operatorPauseOf, operatorPauseSentence } from "../../scaling/checks/paused.ts";
import { pauseSentence, pausesOf } from "../../scaling/faults/pauses.ts";
import { activityOf } from "../../scaling/model/activity.ts";
import type { Instance } from "../../scaling/model/instance.ts";
import type { Limits, Window } from "../../scaling/model/limits.ts";
import type { Loss, Observation } from "../../scaling/model/observation.ts";
import { overrideSentence } from "../../scaling/policies/operator.ts";
import { renderTable } from "./render_table.ts";

/** Maximum number of instances, and of alarms, that an explanation lists. */
const LISTED = 20;

/**
 * Returns an observation as lines.
 *
 * @param relevant ids of the instances that the decision is about. These instances are listed first. Their alarms are listed in any
 * state, other alarms only in ALARM
 */
export function renderObservation(
  observation: Observation,
  relevant: ReadonlySet<string>,
  columns: number,
): string[] {
  const { instances, alarms, limits, history } = observation;
  const rank = ({ id, state }: Instance) => (relevant.has(id) ? 0 : state === "stopped" ? 2 : 1);
  const listed = instances.toSorted((a, b) => rank(a) - rank(b)).slice(0, LISTED);
  const listedAlarms = alarms.filter(({ state, dimension }) => state === "ALARM" || relevant.has(dimension));
  const inAlarm = alarms.filter(({ state }) => state === "ALARM").length;
  const before = (at: number | undefined) =>
    at === undefined ? "none" : `${seconds(observation.now - at)} before`;
  return [
    ...renderTable(listed.map((instance) => instanceRow(instance, observation))),
    ...(listed.length < instances.length ? [`  and ${instances.length - listed.length} more`] : []),
    "",
    ...[
      ...listed.flatMap(healthText),
      `alarms: ${alarms.length}, of which ${inAlarm} in ALARM`,
      ...listedAlarms.slice(0, LISTED).map(({ kind, dimension, state, threshold, changed }) =>
        `${kind} on ${dimension} (threshold ${threshold}): ${state} since ${isoTime(changed)}`
      ),
      `limits: ${limitsText(limits)}`,
      ...(observation.windows ?? []).map(windowText),
      `last scale-out: ${before(history.lastOut)}; last scale-in: ${before(history.lastIn)}`,
      ...(history.launchesFail === undefined ? [] : [
        `launches fail since ${isoTime(history.launchesFail.since)}; last failure: ${
          before(history.launchesFail.last)
        }`,
      ]),
      ...(history.losses ?? []).slice(0, LISTED).map(lossText),
      ...(observation.override === undefined ? [] : [overrideSentence(observation.override)]),
      ...(["out", "in"] as const).flatMap((direction) => {
        const pause = operatorPauseOf(direction, observation);
        return pause === undefined ? [] : [operatorPauseSentence(direction, pause)];
      }),
      ...pausesOf(observation).all.map((pause) => `paused starts: ${pauseSentence(pause)}`),
    ].flatMap((line) => wrap(line, columns, "  ", "    ")),
  ];
}

function instanceRow(
  { id, role, state, registration, launched }: Instance,
  observation: Observation,
): Record<string, string> {
  const cpu = observation.cpu?.[id]?.percent;
  const inServiceSince = observation.history.inServiceSince[id] ??
    (registration === "in-service" ? launched : undefined);
  return {
    instance: id,
    role,
    state,
    registration,
    cpu: cpu === undefined ? "-" : percent(cpu),
    "in service since": inServiceSince === undefined ? "-" : isoTime(inServiceSince).replace(/\.\d+Z$/, "Z"),
    activity: activityOf(observation)(id) ?? "-",
  };
}

/** Returns the health of an instance that does not serve as it should: `i-1 is failing; it has failed since …`. */
function healthText({ id, health, failingSince, impaired }: Instance): string[] {
  if (health === undefined) return [];
  const since = failingSince === undefined ? "" : `; it has failed since ${isoTime(failingSince)}`;
  return [`${id} is ${health}${since}${impaired === undefined ? "" : `: ${impaired}`}`];
}

/** Returns a loss as text: `lost i-1 in a at …; i-2 is starting in its place`. */
function lossText({ instance, zone, at, open, standIn, recovered }: Loss): string {
  const then = recovered
    ? "it serves again"
    : standIn !== undefined
    ? `${standIn} is starting in its place`
    : open
    ? "kas has to start another instance in its place"
    : "kas starts no other instance in its place";
  return `lost ${instance} in ${zone} at ${isoTime(at)}; ${then}`;
}

/** Returns the limits as text, with the names of their settings: `max 3, warmup 120s, …`. */
function limitsText(limits: Limits): string {
  const {
    min,
    max,
    warmup,
    cooldownOut,
    cooldownIn,
    resync,
    metricDelay,
    unhealthyAfter,
    policies,
    grow,
    shrink,
  } = limits;
  return [
    min === undefined ? [] : [`min ${min}`],
    max === undefined ? [] : [`max ${max}`],
    [`warmup ${settingTime(warmup)}`, `cooldown-out ${settingTime(cooldownOut)}`],
    [`cooldown-in ${settingTime(cooldownIn)}`, `resync ${settingTime(resync)}`],
    metricDelay === undefined ? [] : [`metric-delay ${settingTime(metricDelay)}`],
    unhealthyAfter === undefined ? [] : [`unhealthy-after ${settingTime(unhealthyAfter)}`],
    policies === undefined ? [] : [`policies ${policies.join(" and ") || "none"}`],
    grow === undefined ? [] : [`grow ${grow}`],
    shrink === undefined ? [] : [`shrink ${shrink}`],
  ].flat().join(", ");
}

/** Returns a window as text: `schedule office from … until …: min 4`. */
function windowText({ name, begins, ends, min, max }: Window): string {
  const bounds = [...(min === undefined ? [] : [`min ${min}`]), ...(max === undefined ? [] : [`max ${max}`])];
  return `schedule ${name} from ${isoTime(begins)} until ${isoTime(ends)}: ${bounds.join(", ")}`;
}
