/**
 * One evaluation: it observes the fleet, decides, writes the decision to the journal, and starts the activity. Notifications,
 * reconciles and `kas admin scale` use it.
 *
 * @module
 */
import { decide } from "../../scaling/decide.ts";
import type { Decision } from "../../scaling/model/decision.ts";
import type { Observation, ProcessedChange } from "../../scaling/model/observation.ts";
import type { Trigger } from "../../scaling/model/trigger.ts";
import type { ActivityRunner } from "../lifecycle/runner.ts";
import type { Activity } from "../store/activities.ts";
import type { NewDecision } from "../store/decisions.ts";
import type { Journal } from "../store/journal.ts";
import type { Observer } from "./observe.ts";
import type { Store } from "../store/store.ts";
import { traced } from "./trace.ts";

/** The parts that an evaluation needs. */
export interface EvaluationParts {
  readonly observer: Observer;
  readonly store: Store;
  readonly journal: Journal;
  readonly activities: ActivityRunner;
  /** If true, kas makes and records decisions, but does not carry them out. */
  readonly dryRun: boolean;
}

/** The outcome of an evaluation. */
export interface Evaluation {
  readonly trigger: Trigger;
  readonly observation: Observation;
  readonly decision: Decision;
  /** The activity that the evaluation started. Absent if the evaluation started none. */
  readonly activity: Activity | undefined;
  /**
   * Resolves with the ended activity. Resolves with undefined if the evaluation started no activity, or if the autoscaler
   * stopped before the activity ended.
   */
  readonly ended: Promise<Activity | undefined>;
}

/** Options of an evaluation. */
export interface EvaluationOptions {
  /** The message that triggered the evaluation. */
  readonly message?: NewDecision["message"];
  readonly signal: AbortSignal;
  /** If true, kas decides, but neither records the decision nor carries it out. */
  readonly isTrial?: boolean;
  /** Called in the transaction that records the decision. */
  readonly onDecision?: (trigger: Trigger, decision: Decision) => void;
  /** The newest change of the trigger's alarm that an earlier evaluation processed. */
  readonly processed?: ProcessedChange | undefined;
}

/** Observes the fleet as far as the trigger requires, decides, and starts the activity of the decision. */
export function evaluate(
  parts: EvaluationParts,
  trigger: Trigger,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const attributes = options.message ? { "kas.message_id": options.message.id } : {};
  return traced("decide", attributes, async (addAttributes) => {
    const evaluation = await observeAndDecide(parts, trigger, options);
    const { decision: { kind, reason } } = evaluation;
    addAttributes({ "kas.trigger": trigger.kind, "kas.decision": kind, "kas.reason": reason });
    return evaluation;
  });
}

async function observeAndDecide(
  { observer, store, journal, activities, dryRun }: EvaluationParts,
  trigger: Trigger,
  { message, signal, isTrial = false, onDecision = () => {}, processed }: EvaluationOptions,
): Promise<Evaluation> {
  if (!dryRun) activities.endDamaged();
  const observed = await observer.observe(trigger, signal);
  signal.throwIfAborted();
  // Read the pauses last, so that an operator can pause the scaling during an observation.
  const paused = journal.operatorPauses.inForce(observed.now);
  const observation = {
    ...observed,
    ...(processed === undefined ? {} : { processed }),
    ...(paused === undefined ? {} : { paused }),
  };
  const decision = decide(trigger, observation);
  if (isTrial) {
    return { trigger, observation, decision, activity: undefined, ended: Promise.resolve(undefined) };
  }
  const activity = store.transaction(() => {
    onDecision(trigger, decision);
    return journal.record({ trigger, observation, decision, dryRun, ...(message ? { message } : {}) });
  });
  const ended = activity === undefined
    ? Promise.resolve(undefined)
    : activities.begin(activity, observation.instances);
  return { trigger, observation, decision, activity, ended };
}
