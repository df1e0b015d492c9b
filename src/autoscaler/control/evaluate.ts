/**
 * One step: observe → decide → journal → act. What a notification, a resync and `kas admin scale` have in common.
 *
 * @module
 */
import type { Trigger } from "../../scaling/model/trigger.ts";
import type { Decision } from "../../scaling/model/decision.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import { decide } from "../../scaling/decide.ts";
import type { Observation, ProcessedChange } from "../../scaling/model/observation.ts";
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
  readonly trigger: Trigger;
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
  readonly onDecision?: (trigger: Trigger, decision: Decision) => void;
  /** The newest processed change of the trigger's alarm. */
  readonly processed?: ProcessedChange | undefined;
}

/** Observes, decides on what is asked, at a resync on what the alarms amount to (R2), and acts. */
export function evaluate(
  stepper: EvaluationParts,
  trigger: Trigger,
  options: EvaluationOptions,
): Promise<Evaluation> {
  return traced("decide", options.message ? { "kas.message_id": options.message.id } : {}, async (note) => {
    const stepped = await observeAndDecide(stepper, trigger, options);
    const { decision: { kind, reason } } = stepped;
    note({ "kas.source": trigger.kind, "kas.decision": kind, "kas.reason": reason });
    return stepped;
  });
}

/** Looks at the fleet, for so long and no longer. */
async function observed(
  stepper: EvaluationParts,
  trigger: Trigger,
  aborted: AbortSignal,
): Promise<Observation> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new DOMException("It took too long", "TimeoutError")),
    OBSERVE_TIMEOUT,
  );
  try {
    const facts = await stepper.observer.facts(trigger, stepper, AbortSignal.any([aborted, late.signal]));
    aborted.throwIfAborted();
    return facts;
  } finally {
    clearTimeout(timer);
  }
}

async function observeAndDecide(
  stepper: EvaluationParts,
  trigger: Trigger,
  { message, signal: aborted, onDecision: also = () => {}, processed }: EvaluationOptions,
): Promise<Evaluation> {
  const seen = await observed(stepper, trigger, aborted);
  const observation = processed === undefined ? seen : { ...seen, processed };
  const decision = decide(trigger, observation);
  const activity = stepper.state.transaction(() => {
    also(trigger, decision);
    return stepper.journal.record({
      trigger,
      observation,
      decision,
      dryRun: stepper.dryRun,
      ...(message ? { message } : {}),
    });
  });
  const ended = activity === undefined
    ? Promise.resolve(undefined)
    : stepper.activities.begin(activity, observation.instances);
  return { trigger, observation, decision, activity, ended };
}
