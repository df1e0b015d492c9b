/**
 * One step: observe → decide → journal → act. What a notification, a resync and `kas admin scale` have in common.
 *
 * @module
 */
import type { Ask, Signal } from "../../scaling/model/alarm.ts";
import { decide, type Decision } from "../../scaling/decide.ts";
import type { Facts, Limits } from "../../scaling/model/observation.ts";
import { resyncSignal } from "../../scaling/policies/alarms.ts";
import type { Activities } from "../lifecycle/runner.ts";
import type { Activity, Journal, Made } from "../store/journal.ts";
import type { Observer } from "./observe.ts";
import type { State } from "../store/state_folder.ts";
import { traced } from "./trace.ts";

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
  /** The activity that was begun. */
  readonly activity: Activity | undefined;
  /** The same as it ended; undefined where none was, or where it was left unfinished. */
  readonly ended: Promise<Activity | undefined>;
}

/**
 * Longest time to observe the fleet, ms. Each call is bounded by itself (src/aws), so that this is for a listing that never
 * comes to its end; a fleet of thousands may need a minute and more where AWS is slow.
 */
const OBSERVE_TIMEOUT = 300_000;

/** How a step is taken. */
export interface StepOptions {
  readonly message?: Made["message"];
  readonly signal: AbortSignal;
  /** Done in the transaction that records the decision. */
  readonly also?: (signal: Signal, decision: Decision) => void;
}

/** Observes, decides on what is asked, at a resync on what the alarms amount to (R2), and acts. */
export function step(
  stepper: Stepper,
  ask: Ask | "resync",
  options: StepOptions,
): Promise<Stepped> {
  return traced("decide", options.message ? { "kas.message_id": options.message.id } : {}, async (note) => {
    const stepped = await observeAndDecide(stepper, ask, options);
    const { signal: { source }, decision: { kind, reason } } = stepped;
    note({ "kas.source": source, "kas.decision": kind, "kas.reason": reason });
    return stepped;
  });
}

/** Looks at the fleet, for so long and no longer. */
async function observed(
  stepper: Stepper,
  ask: Ask | "resync",
  aborted: AbortSignal,
): Promise<Facts> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new DOMException("It took too long", "TimeoutError")),
    OBSERVE_TIMEOUT,
  );
  try {
    const facts = await stepper.observer.facts(ask, stepper, AbortSignal.any([aborted, late.signal]));
    aborted.throwIfAborted();
    return facts;
  } finally {
    clearTimeout(timer);
  }
}

async function observeAndDecide(
  stepper: Stepper,
  ask: Ask | "resync",
  { message, signal: aborted, also = () => {} }: StepOptions,
): Promise<Stepped> {
  const facts = await observed(stepper, ask, aborted);
  const signal = ask === "resync" ? resyncSignal(facts) : ask;
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
  return { signal, facts, decision, activity, ended };
}
