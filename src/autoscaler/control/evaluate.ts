/**
 * One evaluation: it observes the fleet, decides, writes the decision to the journal, and starts the activity. Notifications,
 * reconciles and `kas admin scale` use it.
 *
 * @module
 */
import { decide, wantedOf } from "../../scaling/decide.ts";
import { DIRECTION } from "../../scaling/model/activity.ts";
import { capacityOf, instancesAt } from "../../scaling/model/capacity.ts";
import { type Decision, instanceOf, kindOf } from "../../scaling/model/decision.ts";
import { heldChange } from "../../scaling/plan.ts";
import { preventsStarts } from "../../scaling/checks/order.ts";
import type { Observation, ProcessedChange, Unobserved } from "../../scaling/model/observation.ts";
import { isByLoad } from "../../scaling/model/recommendation.ts";
import { isWhole, type Trigger } from "../../scaling/model/trigger.ts";
import type { ActivityRunner } from "../lifecycle/runner.ts";
import type { Activity } from "../store/activities.ts";
import type { NewDecision } from "../store/decisions.ts";
import type { Journal } from "../store/journal.ts";
import type { Registrar } from "../registrar/registrar.ts";
import { completeRegistrations } from "./complete.ts";
import type { Observer } from "./observe.ts";
import { noteOverride, wishesOf } from "./override.ts";
import type { Store } from "../store/store.ts";
import { traced } from "./trace.ts";

/** The parts that an evaluation needs. */
export interface EvaluationParts {
  readonly observer: Observer;
  readonly store: Store;
  readonly journal: Journal;
  readonly activities: ActivityRunner;
  readonly registrar: Registrar;
  /** If true, kas makes and records decisions, but does not carry them out. */
  readonly dryRun: boolean;
}

/** The outcome of an evaluation. */
export interface Evaluation {
  readonly trigger: Trigger;
  readonly observation: Observation;
  readonly decision: Decision;
  /** The activities that the evaluation started, in the order of the decision's actions. */
  readonly activities: readonly Activity[];
  /** Resolves with the ended activities. Omits those that had not ended when the autoscaler stopped. */
  readonly ended: Promise<readonly Activity[]>;
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

/** Observes the fleet as far as the trigger requires, decides, and starts the activities of the decision. */
export function evaluate(
  parts: EvaluationParts,
  trigger: Trigger,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const attributes = options.message ? { "kas.message_id": options.message.id } : {};
  return traced("decide", attributes, async (addAttributes) => {
    const evaluation = await observeAndDecide(parts, trigger, options);
    const { decision } = evaluation;
    addAttributes({
      "kas.trigger": trigger.kind,
      "kas.decision": kindOf(decision),
      "kas.reason": decision.reason,
    });
    return evaluation;
  });
}

async function observeAndDecide(
  { observer, store, journal, activities, registrar, dryRun }: EvaluationParts,
  trigger: Trigger,
  { message, signal, isTrial = false, onDecision = () => {}, processed }: EvaluationOptions,
): Promise<Evaluation> {
  if (!dryRun) activities.endDamaged();
  // A person who asks what kas would do also asks what each policy recommends.
  const observed = await observer.observe(trigger, signal, isTrial);
  signal.throwIfAborted();
  // Read the pauses last, so that an operator can pause the scaling during an observation.
  const observation = {
    ...observed,
    ...(processed === undefined ? {} : { processed }),
    ...wishesOf(journal, observed.now),
  };
  const decision = decide(trigger, observation);
  if (isTrial) {
    return { trigger, observation, decision, activities: [], ended: Promise.resolve([]) };
  }
  const begun = store.transaction(() => {
    onDecision(trigger, decision);
    const recorded = journal.record({
      trigger,
      observation,
      decision,
      dryRun,
      ...(message ? { message } : {}),
    });
    if (!dryRun) noteOutcome(journal, { trigger, observation, decision }, recorded);
    return recorded;
  });
  const ended = Promise.all(begun.map((activity) => activities.begin(activity, observation.instances)))
    .then((all) => all.filter((it) => it !== undefined));
  if (isWhole(trigger) && !dryRun) await completeRegistrations(registrar, observation, signal);
  return { trigger, observation, decision, activities: begun, ended };
}

/** Returns the fields of the log line about a decision. */
export function fieldsOf(
  { trigger, decision, activities }: Pick<Evaluation, "trigger" | "decision" | "activities">,
  message?: NewDecision["message"],
): Record<string, unknown> {
  const { actions, desired, reason } = decision;
  const instances = actions.flatMap((action) => instanceOf(action) ?? []);
  return {
    trigger: trigger.kind,
    ...(message === undefined ? {} : { messageId: message.id }),
    ...(activities.length === 0 ? {} : { activity: activities.map(({ id }) => id).join(" ") }),
    ...(instances.length === 0 ? {} : { instance: instances.join(" ") }),
    ...(desired === undefined ? {} : { desired }),
    reason,
  };
}

/** The input of a decision that kas makes without an observation of the fleet. */
export interface UnobservedDecision {
  readonly now: number;
  /** Why kas did not observe the fleet. Absent if the trigger itself is the reason. */
  readonly why?: string | undefined;
  readonly processed?: ProcessedChange | undefined;
  readonly message?: NewDecision["message"];
  /** Called in the transaction that records the decision. */
  readonly onDecision?: () => void;
}

/** Makes a decision without an observation of the fleet, and records the decision. */
export function decideUnobserved(
  { store, journal, dryRun }: Pick<EvaluationParts, "store" | "journal" | "dryRun">,
  trigger: Trigger,
  { now, why, processed, message, onDecision = () => {} }: UnobservedDecision,
): Decision {
  const observation: Unobserved = {
    kind: "unobserved",
    now,
    ...(why === undefined ? {} : { why }),
    ...(processed === undefined ? {} : { processed }),
  };
  const decision = decide(trigger, observation);
  store.transaction(() => {
    onDecision();
    journal.record({ trigger, observation, decision, dryRun, ...(message ? { message } : {}) });
  });
  return decision;
}

/** Records what a decision means for the losses, and for the capacity that an operator asked for. */
function noteOutcome(
  journal: Journal,
  { trigger, observation, decision }: Pick<Evaluation, "trigger" | "observation" | "decision">,
  activities: readonly Activity[],
): void {
  const { now, limits: { resync }, history: { losses = [] } } = observation;
  const starts = activities.filter(({ kind }) => DIRECTION[kind] === "out");
  if (losses.length > 0) {
    journal.losses.replace(starts);
    const { current } = capacityOf(observation);
    const serving = new Set<string | undefined>(instancesAt("in-service", observation).map(({ id }) => id));
    const stops = activities.filter((it) => DIRECTION[it.kind] === "in" && serving.has(it.instance));
    const isBusy = decision.recommendations.some((it) => isByLoad(it) && it.direction === "out");
    journal.losses.spend(isBusy ? losses.length : stops.length);
    // The fleet needs no more instances than it has, so it needs no replacement of the lost instances.
    if (isWhole(trigger) && wantedOf(trigger, observation) <= current) journal.losses.close();
  }
  const held = heldChange(decision);
  const [first] = decision.recommendations;
  const prevented = first?.direction === "out" && held !== undefined && preventsStarts(held);
  if (isWhole(trigger)) journal.losses.evaluated(!prevented, now, resync);
  noteOverride(journal.overrides, trigger, observation, decision);
}
