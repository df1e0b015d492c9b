/**
 * The pauses after failed starts (R18). kas pauses all starts that would fail for the same reason. Each failure in a row
 * doubles the pause, and a success ends it.
 *
 * @module
 */
import { type Observation, recent } from "../model/observation.ts";
import { type Fault, isFailure, type StartEvent } from "../model/start_event.ts";
import { iso } from "../words.ts";
import { backoffAfter } from "./backoff.ts";
import { endedBy, keysOf, type Place, scopeOf } from "./scope.ts";

/** A pause of starts. */
export interface Pause {
  readonly fault: Fault;
  /** The cause of the pause as a clause, for example "EC2 has no capacity for t3.small in eu-west-1a". */
  readonly circumstance: string;
  /** The number of failures in a row. Several starts that fail at the same time count as one failure. */
  readonly failures: number;
  /** When the last start failed, in ms since the epoch. */
  readonly last: number;
  /** When kas may attempt the next start, in ms since the epoch. */
  readonly until: number;
  /** Why the last start failed. */
  readonly reason: string;
}

/** The pauses of a fleet. */
export interface Pauses {
  /** The pauses in force. */
  readonly all: readonly Pause[];
  /**
   * Returns the pause of an instance. If it has several, returns the one that ends last. Undefined if kas may start the
   * instance.
   */
  readonly of: (place: Place) => Pause | undefined;
}

/** The part of an observation that determines the pauses. */
export type PausesView = Pick<Observation, "now"> & {
  readonly instances: readonly Place[];
  readonly history: Pick<Observation["history"], "starts">;
};

/** Derives the pauses from the recent starts. */
export function pausesOf({ now, instances, history: { starts = [] } }: PausesView): Pauses {
  const inForce = new Map(
    [...streaks(starts, instances)].filter(([, { last, failures }]) =>
      recent(last, backoffAfter(failures), now)
    ),
  );
  return {
    all: [...inForce.values()],
    of: (place) =>
      keysOf(place).flatMap((key) => inForce.get(key) ?? [])
        .reduce<Pause | undefined>(
          (latest, pause) => (latest === undefined || pause.until > latest.until ? pause : latest),
          undefined,
        ),
  };
}

/**
 * Returns the pause after the last failures in a row in each scope, by the key of the scope. Ignores instances that the fleet
 * does not have any more.
 */
function streaks(starts: readonly StartEvent[], instances: readonly Place[]): Map<string, Pause> {
  const places = new Map(starts.length === 0 ? [] : instances.map((place) => [place.id, place]));
  const found = new Map<string, Pause>();
  for (const event of starts) {
    const place = places.get(event.instance);
    if (place === undefined) continue;
    if (!isFailure(event)) {
      for (const key of endedBy(event.what, place)) found.delete(key);
      continue;
    }
    const { what: fault, at, reason, quarantined } = event;
    const { key, circumstance } = scopeOf(fault, place);
    if (quarantined) {
      // The quarantine replaces the pause. After the quarantine, the next failure is a first failure again.
      found.delete(key);
      continue;
    }
    const before = found.get(key);
    // A start that fails during a pause began before the pause, at the same time as the start that caused the pause.
    const inParallel = before !== undefined && recent(before.last, backoffAfter(before.failures), at);
    const failures = (before?.failures ?? 0) + (inParallel ? 0 : 1);
    const last = inParallel ? before.last : at;
    found.set(key, { fault, circumstance, failures, last, until: last + backoffAfter(failures), reason });
  }
  return found;
}

/** Returns a sentence that explains a pause, with the reason of the failure. */
export function pauseSentence({ circumstance, until, reason }: Pause): string {
  return `Next attempt at ${iso(until)}: ${circumstance} (${reason}).`;
}

/** Returns a sentence that explains a pause. The sentence follows the reason of the failure. */
export function nextAttempt({ circumstance, until }: Pick<Pause, "circumstance" | "until">): string {
  return `Next attempt at ${iso(until)}: ${circumstance}.`;
}

/**
 * Returns when the last start of each instance failed, by the id of the instance, in ms since the epoch. Omits instances that
 * have come into service since.
 */
export function lastFailures(starts: readonly StartEvent[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const event of starts) {
    if (isFailure(event)) found.set(event.instance, event.at);
    else if (event.what === "in-service") found.delete(event.instance);
  }
  return found;
}
