/**
 * The JSON of `GET /status`.
 *
 * @module
 */
import { isoTime } from "../../cli/format.ts";
import { pausesOf } from "../../scaling/faults/pauses.ts";
import type { OperatorPauses, Override } from "../../scaling/model/observation.ts";
import { capacityStates, type Snapshot } from "./snapshot.ts";

/** The largest number of instances, and of alarms, that the status lists. `totals` has the numbers of all of them. */
export const LISTED = 1_000;

/** Returns the status. `started` is when the autoscaler started, in ms since the epoch. */
export function status(
  snapshot: Snapshot,
  started: number,
): object {
  const { now, observation, lastObservation, oldest, inProgress, paused, override, alerts, bytes } = snapshot;
  const instances = observation?.instances ?? [];
  const alarms = observation?.alarms ?? [];
  return {
    uptime: seconds(started, now),
    observed: observation === undefined ? null : isoTime(observation.now),
    observation: lastObservation === undefined ? null : {
      at: isoTime(lastObservation.at),
      seconds: lastObservation.seconds,
      error: lastObservation.error ?? null,
    },
    capacity: capacityStates(snapshot),
    alerts: alerts.map(({ name, reason, since }) => ({ name, reason, since: isoTime(since) })),
    instances: instances.slice(0, LISTED),
    alarms: alarms.slice(0, LISTED),
    metrics: Object.entries(observation?.metrics ?? {}).map(([name, { value, at, source, why }]) => ({
      name,
      value: value ?? null,
      age: at === undefined ? null : seconds(at, now),
      source,
      why: why ?? null,
    })),
    scrapes: scrapesOf(snapshot).slice(0, LISTED),
    pauses: (observation === undefined ? [] : pausesOf({ ...observation, now }).all).map(
      ({ fault, circumstance, failures, until, reason }) => ({
        fault,
        circumstance,
        failures,
        until: isoTime(until),
        reason,
      }),
    ),
    paused: pausedJson(paused),
    override: override === undefined ? null : overrideJson(override),
    totals: { instances: instances.length, alarms: alarms.length },
    activities: inProgress.map(({ activity, step }) => ({
      ...activity,
      seconds: seconds(activity.began, now),
      step: step === undefined
        ? null
        : { name: step.step, instance: step.instance, seconds: seconds(step.began, now) },
    })),
    oldest: oldest === undefined ? null : seconds(oldest, now),
    bytes,
  };
}

/** Returns what kas last scraped of the running instances. */
function scrapesOf({ now, observation, scrapes }: Snapshot): object[] {
  return (observation?.instances ?? []).filter(({ state }) => state === "running").flatMap(({ id }) => {
    const last = scrapes.get(id);
    if (last === undefined) return [];
    const { answered, exporter, problem } = last;
    return [{
      instance: id,
      exporter: exporter ?? null,
      age: answered === undefined ? null : seconds(answered, now),
      why: problem ?? null,
    }];
  });
}

function seconds(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}

/** Returns the pauses that operators asked for, by direction, with times in ISO 8601. */
export function pausedJson(paused: OperatorPauses = {}): object {
  return Object.fromEntries(
    Object.entries(paused).map(([direction, { since, until, reason }]) => [direction, {
      since: isoTime(since),
      until: until === undefined ? null : isoTime(until),
      reason: reason ?? null,
    }]),
  );
}

/** Returns the capacity that an operator asked for, with times in ISO 8601. */
function overrideJson({ capacity, since, until, once }: Override): object {
  return { capacity, since: isoTime(since), until: isoTime(until), once };
}
