/**
 * One step: observe → decide → journal → act. What a notification, a resync and `kas admin scale` have in common.
 *
 * @module
 */
import type { Signal } from "../scaling/alarm.ts";
import { decide, type Decision } from "../scaling/decide.ts";
import type { Facts, Limits } from "../scaling/facts.ts";
import type { Activities } from "./activities.ts";
import type { Activity, Journal, Made } from "./journal.ts";
import type { Observer } from "./observe.ts";
import type { State } from "./state.ts";

/** What a step is made with. */
export interface Stepper {
  readonly observer: Observer;
  readonly state: State;
  readonly journal: Journal;
  readonly activities: Activities;
  readonly limits: Limits;
  /** Decide and record, but carry nothing out. */
  readonly dryRun: boolean;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** What came of a step. */
export interface Stepped {
  readonly signal: Signal;
  readonly facts: Facts;
  readonly decision: Decision;
  /** The activity that was begun, as it ended; undefined where none was, or where it was left unfinished. */
  readonly ended: Promise<Activity | undefined>;
}

/** Longest time to observe the fleet, ms: no wedged call may stop the loop. */
const OBSERVE_TIMEOUT = 45_000;

/** Observes, decides what the asker makes of the facts, and acts. */
export async function step(
  stepper: Stepper,
  ask: (facts: Facts) => Signal,
  { message, signal: aborted, also = () => {} }: {
    readonly message?: Made["message"];
    readonly signal: AbortSignal;
    /** Done in the transaction that records the decision. */
    readonly also?: (signal: Signal, decision: Decision) => void;
  },
): Promise<Stepped> {
  const bounded = AbortSignal.any([aborted, AbortSignal.timeout(OBSERVE_TIMEOUT)]);
  const facts = await stepper.observer.facts(stepper.journal, stepper.limits, stepper.now, bounded);
  aborted.throwIfAborted();
  const signal = ask(facts);
  const decision = decide(signal, facts);
  const activity = stepper.state.transaction(() => {
    also(signal, decision);
    return stepper.journal.record({
      signal,
      facts,
      decision,
      dryRun: stepper.dryRun,
      ...(message ? { message } : {}),
    });
  });
  const ended = activity === undefined
    ? Promise.resolve(undefined)
    : stepper.activities.begin(activity, facts.instances);
  return { signal, facts, decision, ended };
}
