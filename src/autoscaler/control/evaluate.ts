/**
 * One step: observe → decide → journal → act. What a notification, a resync and `kas admin scale` have in common.
 *
 * @module
 */
import type { Recommendation, ScalingRecommendation } from "../../scaling/model/alarm.ts";
import { decide, type Decision } from "../../scaling/decide.ts";
import type { Limits, Observation } from "../../scaling/model/observation.ts";
import { reconcileRecommendation } from "../../scaling/policies/alarms.ts";
import type { ActivityRunner } from "../lifecycle/runner.ts";
import type { Activity } from "../store/activities.ts";
import type { NewDecision } from "../store/decisions.ts";
import type { Journal } from "../store/journal.ts";
import type { Observer } from "./observe.ts";
import type { Store } from "../store/store.ts";
import { traced } from "./trace.ts";

/** What a step is made with. */
export interface EvaluationParts {
  readonly observer: Observer;
  readonly state: Store;
  readonly journal: Journal;
  readonly activities: ActivityRunner;
  readonly limits: Limits;
  /** Decide and record, but carry nothing out. */
  readonly dryRun: boolean;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** What came of a step. */
export interface Evaluation {
  readonly recommendation: Recommendation;
  readonly observation: Observation;
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
export interface EvaluationOptions {
  readonly message?: NewDecision["message"];
  readonly signal: AbortSignal;
  /** Done in the transaction that records the decision. */
  readonly onDecision?: (signal: Recommendation, decision: Decision) => void;
}

/** Observes, decides on what is asked, at a resync on what the alarms amount to (R2), and acts. */
export function evaluate(
  stepper: EvaluationParts,
  ask: ScalingRecommendation | "resync",
  options: EvaluationOptions,
): Promise<Evaluation> {
  return traced("decide", options.message ? { "kas.message_id": options.message.id } : {}, async (note) => {
    const stepped = await observeAndDecide(stepper, ask, options);
    const { recommendation: { source }, decision: { kind, reason } } = stepped;
    note({ "kas.source": source, "kas.decision": kind, "kas.reason": reason });
    return stepped;
  });
}

/** Looks at the fleet, for so long and no longer. */
async function observed(
  stepper: EvaluationParts,
  ask: ScalingRecommendation | "resync",
  aborted: AbortSignal,
): Promise<Observation> {
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
  stepper: EvaluationParts,
  ask: ScalingRecommendation | "resync",
  { message, signal: aborted, onDecision: also = () => {} }: EvaluationOptions,
): Promise<Evaluation> {
  const facts = await observed(stepper, ask, aborted);
  const signal = ask === "resync" ? reconcileRecommendation(facts) : ask;
  const decision = decide(signal, facts);
  const activity = stepper.state.transaction(() => {
    also(signal, decision);
    return stepper.journal.record({
      recommendation: signal,
      observation: facts,
      decision,
      dryRun: stepper.dryRun,
      ...(message ? { message } : {}),
    });
  });
  const ended = activity === undefined
    ? Promise.resolve(undefined)
    : stepper.activities.begin(activity, facts.instances);
  return { recommendation: signal, observation: facts, decision, activity, ended };
}
