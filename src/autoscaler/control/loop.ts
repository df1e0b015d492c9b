/**
 * The control loop. It evaluates notifications and operators' commands, and reconciles at an interval (R2) and for schedules (R19). It
 * makes one evaluation at a time, and does not wait for the activities that an evaluation starts (lifecycle/runner.ts).
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { describeError } from "../../aws/error_messages.ts";
import type { Clock } from "../../runtime.ts";
import { alarmName } from "../../scaling/model/alarm.ts";
import { kindOf } from "../../scaling/model/decision.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { type CapacityTrigger, isWhole, type OperatorTrigger } from "../../scaling/model/trigger.ts";
import type { ReconcileTrigger, ScheduleTrigger, TelemetryTrigger } from "../../scaling/model/trigger.ts";
import { isFulfilled } from "../../scaling/plan.ts";
import { scopeOf } from "../../scaling/scope.ts";
import { backoff, QuickRetries } from "../backoff.ts";
import type { Events, Tuning } from "../assembly_options.ts";
import { WindowWatch } from "./schedule_windows.ts";
import type { Activity } from "../store/activities.ts";
import type { Inbox, WaitingMessage } from "../store/inbox.ts";
import { completed } from "./completed.ts";
import { type Confirm, confirmNext } from "./confirmations.ts";
import { decideUnobserved, evaluate, type Evaluation, type EvaluationParts, fieldsOf } from "./evaluate.ts";
import { asksForChange, hasMoreToDo, mayContinue, retryIn } from "./follow_up.ts";
import { InboxWork } from "./inbox_work.ts";
import { triggerOf } from "./notification.ts";

/** The parts that the control loop needs. */
export interface LoopParts {
  readonly evaluation: EvaluationParts;
  readonly inbox: Inbox;
  /** The ARN of the topic that sends the notifications. */
  readonly topicArn?: string | undefined;
  /** Confirms subscriptions. Absent if the autoscaler has no topic. */
  readonly confirm?: Confirm;
  readonly onDecision: NonNullable<Events["onDecision"]>;
  readonly clock: Clock;
  readonly tuning: () => Tuning;
  /** Returns an observation with the load of now. Undefined if no policy reads the load, or it is not known. */
  readonly refreshed: (observation: Observation, now: number) => Observation | undefined;
}

/** The reason of an interrupted reconciliation: a notification arrived, which is more urgent. */
class Interrupted extends Error {}

const log = getLogger(["kas", "loop"]);

/** A command of an operator that waits for its evaluation. */
interface WaitingCommand {
  readonly trigger: OperatorTrigger | CapacityTrigger;
  readonly isTrial: boolean;
  readonly evaluated: PromiseWithResolvers<Evaluation>;
}

/** The control loop of the autoscaler. */
export class ControlLoop {
  readonly #parts: LoopParts;
  readonly #work: InboxWork;
  readonly #windows: WindowWatch;
  /** When the next reconciliation is due, in the clock's elapsed time, so that a change of the time of day does not delay it. */
  #reconcileDue = 0;
  /** The time at which the reconciliation of {@linkcode reconcileSoon} is due, in the clock's elapsed time. `Infinity` if none is due. */
  #asked = Infinity;
  /** The trigger of the next reconciliation. */
  #trigger: ReconcileTrigger | ScheduleTrigger | TelemetryTrigger = { kind: "reconcile" };
  /** Whether a round of scrapes has ended that the loop has not looked at yet. */
  #hasNewLoad = false;
  /** Whether an activity has ended since the last observation, so that other instances may serve now. */
  #isStale = false;
  /** The commands of operators that wait for their evaluations, oldest first. */
  readonly #commands: WaitingCommand[] = [];
  /** How soon the loop reconciles after an activity has ended. */
  readonly #retries = new QuickRetries();
  /** The number of failed reconciliations since the last successful reconciliation. */
  #reconcilesFailed = 0;
  /** Interrupts the observation of the present reconciliation. Absent if a notification must not interrupt it. */
  #reconciling: AbortController | undefined;
  #observation: Observation | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#work = new InboxWork(parts.inbox, parts.clock);
    this.#windows = new WindowWatch({ tuning: parts.tuning, journal: parts.evaluation.journal });
  }

  /** The last observation of the fleet. */
  get observation(): Observation | undefined {
    return this.#observation;
  }

  /** Wakes the loop. Call this method when the inbox has a new message, or when the settings have changed. */
  wake(): void {
    this.#work.wake();
    const { inbox, clock } = this.#parts;
    if (this.#reconciling !== undefined && inbox.next("notification", clock.now()) !== undefined) {
      this.#reconciling.abort(new Interrupted());
    }
  }

  /**
   * Evaluates a command of an operator, before all other triggers.
   *
   * @param isTrial whether kas only decides, without recording the decision or carrying it out
   * @throws {Error} if kas cannot observe the fleet, or if the loop ends before the evaluation
   */
  evaluateCommand(trigger: OperatorTrigger | CapacityTrigger, isTrial: boolean): Promise<Evaluation> {
    const evaluated = Promise.withResolvers<Evaluation>();
    this.#commands.push({ trigger, isTrial, evaluated });
    this.#work.wake();
    this.#reconciling?.abort(new Interrupted());
    return evaluated.promise;
  }

  /** Reconciles after `pause` ms. Call this method when an operator has changed what kas may do. */
  reconcileSoon(pause = 0): void {
    this.#asked = Math.min(this.#asked, this.#parts.clock.elapsed() + pause);
    this.#reconcileDue = Math.min(this.#reconcileDue, this.#asked);
    this.#work.wake();
  }

  /** Called when new samples of the load have arrived. */
  loadArrived(): void {
    this.#hasNewLoad = true;
    this.#work.wake();
  }

  /** Runs the loop until the signal aborts, and first reconciles after `pause` ms. At the end it finishes the current evaluation. */
  async run(signal: AbortSignal, pause = 0): Promise<void> {
    const { inbox, clock, confirm } = this.#parts;
    const work = this.#work;
    this.#reconcileDue = clock.elapsed() + pause;
    await Promise.all([
      work.repeat(signal, () => this.#turn(signal)),
      // SNS may be slow, so confirmations do not delay evaluations.
      confirm && work.repeat(signal, () => confirmNext({ work, inbox, clock, confirm }, signal)),
    ]);
    for (const { evaluated } of this.#commands.splice(0)) evaluated.reject(signal.reason);
  }

  /** Evaluates the next command or notification, reconciles if that is due or if other windows apply, or waits. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { evaluation: { journal }, inbox, clock, tuning } = this.#parts;
    const command = this.#commands.shift();
    if (command !== undefined) return await this.#evaluateCommand(command, signal);
    const now = clock.now();
    const changed = this.#windows.changed(now);
    if (changed !== undefined) {
      this.#trigger = { kind: changed };
      this.#reconcileDue = Math.min(this.#reconcileDue, clock.elapsed());
    }
    const message = inbox.next("notification", now);
    // Notifications come first, but many notifications delay a reconciliation by at most one interval.
    const notificationsFirst = clock.elapsed() < this.#reconcileDue + tuning().limits.resync;
    if (message !== undefined && notificationsFirst) {
      await this.#work.attempt(message, signal, () => this.#evaluateNotification(message, signal));
    } else if (clock.elapsed() >= this.#reconcileDue) {
      await this.#reconcile(signal, notificationsFirst);
      journal.prune(now);
      inbox.prune(now);
    } else if (this.#hasNewLoad) {
      this.#hasNewLoad = false;
      if (!this.#needsEvaluation(now)) return;
      this.#trigger = { kind: "telemetry" };
      await this.#reconcile(signal, notificationsFirst);
    } else {
      const windowDue = clock.elapsed() + this.#windows.dueIn(now);
      await this.#work.sleep("notification", Math.min(this.#reconcileDue, windowDue), signal);
    }
  }

  /**
   * Whether new samples make an evaluation due. The loop decides this by the last observation of the fleet, so that it does not read AWS
   * every few seconds. While AWS does not answer, the loop waits for the next reconciliation.
   */
  #needsEvaluation(now: number): boolean {
    const { evaluation: { journal }, refreshed } = this.#parts;
    if (this.#observation === undefined || this.#reconcilesFailed > 0) return false;
    const observation = refreshed(this.#observation, now);
    return observation !== undefined && (this.#isStale || asksForChange(observation, journal));
  }

  async #evaluateCommand(
    { trigger, isTrial, evaluated }: WaitingCommand,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const evaluation = await evaluate(this.#parts.evaluation, trigger, { signal, isTrial });
      if (!isTrial) this.#afterDecision(evaluation);
      evaluated.resolve(evaluation);
    } catch (error) {
      evaluated.reject(error);
    }
  }

  /**
   * Evaluates a notification. One transaction records the decision and marks the message as processed, so that each message has
   * exactly one decision.
   */
  async #evaluateNotification(message: WaitingMessage, signal: AbortSignal): Promise<void> {
    const { evaluation, inbox, clock, topicArn } = this.#parts;
    const { journal } = evaluation;
    const { trigger, why } = triggerOf(message.body, { topicArn, sent: message.sent ?? message.received });
    const { alarm } = trigger;
    const onDecision = () => {
      inbox.done(message.id, clock.now());
      if (alarm !== undefined) journal.noteProcessed(alarmName(alarm), alarm, "notification");
    };
    const processed = alarm && journal.newestChange(alarmName(alarm));
    if (scopeOf(trigger, processed) === "nothing") {
      const decision = decideUnobserved(evaluation, trigger, {
        now: clock.now(),
        why,
        processed,
        message,
        onDecision,
      });
      this.#afterDecision({ trigger, decision }, message);
      return;
    }
    const evaluated = await evaluate(evaluation, trigger, { message, signal, onDecision, processed });
    this.#afterDecision(evaluated, message);
  }

  /**
   * Reconciles. If `interruptible` is true, a notification that arrives during the observation ends the reconciliation, which
   * the loop repeats after the notification.
   */
  async #reconcile(aborted: AbortSignal, interruptible: boolean): Promise<void> {
    const { evaluation, clock, tuning, onDecision } = this.#parts;
    const interrupt = new AbortController();
    if (interruptible) this.#reconciling = interrupt;
    const trigger = this.#trigger;
    const asked = this.#asked;
    if (asked <= clock.elapsed()) this.#asked = Infinity;
    try {
      const evaluated = await evaluate(evaluation, trigger, {
        signal: AbortSignal.any([aborted, interrupt.signal]),
        onDecision: (_, decision) => {
          const alarm = decision.recommendations.find((it) => it.alarm !== undefined)?.alarm;
          if (alarm !== undefined && isFulfilled(decision)) {
            evaluation.journal.noteProcessed(alarmName(alarm), alarm, "reconcile");
          }
        },
      });
      this.#trigger = { kind: "reconcile" };
      this.#afterDecision(evaluated);
      this.#reconcilesFailed = 0;
    } catch (error) {
      this.#asked = Math.min(this.#asked, asked);
      if (aborted.aborted || interrupt.signal.aborted) return;
      const reason = describeError(error).message;
      const pause = Math.min(tuning().limits.resync, backoff(this.#reconcilesFailed++));
      log.warn("reconciliation failed", { reason, retrySeconds: pause / 1_000 });
      this.#reconcileDue = clock.elapsed() + pause;
      const input = { now: clock.now(), why: `cannot observe the fleet: ${reason}` };
      onDecision(trigger, decideUnobserved(evaluation, trigger, input));
    } finally {
      this.#reconciling = undefined;
    }
  }

  /** Called when the journal has a decision: logs the decision, calls `onDecision`, and schedules the next reconciliation. */
  #afterDecision(
    { trigger, observation, decision, activities = [] }:
      & Pick<Evaluation, "trigger" | "decision">
      & Partial<Evaluation>,
    message?: WaitingMessage,
  ): void {
    const { evaluation, tuning, clock, onDecision } = this.#parts;
    const isQuiet = decision.actions.length === 0;
    if (observation !== undefined) {
      this.#observation = completed(trigger, observation, this.#observation);
      this.#isStale = false;
    }
    onDecision(trigger, decision);
    // After a change of capacity, an alarm that is still in its state counts again only after a whole interval (R2).
    const reconciled = isWhole(trigger);
    if (reconciled || !isQuiet) {
      const retry = observation === undefined ? Infinity : retryIn(decision, observation);
      const pause = Math.min(tuning().limits.resync, retry);
      this.#reconcileDue = Math.min(clock.elapsed() + pause, this.#asked);
    }
    if (!reconciled && observation !== undefined && !evaluation.dryRun && hasMoreToDo(observation)) {
      this.#reconcileDue = clock.elapsed();
    }
    if (reconciled && isQuiet) return;
    log.info(`decided ${kindOf(decision)}`, fieldsOf({ trigger, decision, activities }, message));
  }

  /** Called when an activity has ended. Reconciles soon if the next step may be due. */
  activityEnded(activity: Pick<Activity, "status">): void {
    const { evaluation: { journal }, clock } = this.#parts;
    this.#isStale = true;
    const pause = this.#retries.pauseAfter(activity.status, clock.now() - (this.#observation?.now ?? 0));
    const override = journal.overrides.inForce(clock.now());
    if (mayContinue(activity, this.#observation, override)) this.reconcileSoon(pause);
  }
}
