/**
 * The loop: works the inbox off, message by message, and reads the alarms every so often (R2). Decisions are serial and
 * quick; what they begin goes on beside the loop (activities.ts).
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { code, isAccessFailure, isThrottled } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import { alarmName, parseAlarmName } from "../../scaling/model/alarm.ts";
import type { NotificationTrigger, Trigger } from "../../scaling/model/trigger.ts";
import { scopeOf } from "../../scaling/scope.ts";
import type { Decision } from "../../scaling/model/decision.ts";
import { decide } from "../../scaling/decide.ts";
import type { Observation, ProcessedChange, Unobserved } from "../../scaling/model/observation.ts";
import { parseAlarmChange } from "../../sns/alarm_message.ts";
import type { Inbox, InboxEntry, WaitingMessage } from "../store/inbox.ts";
import { evaluate, type Evaluation, type EvaluationParts } from "./evaluate.ts";
import { backoff, type Clock } from "./clock.ts";

/** What the loop works with. */
export interface LoopParts {
  readonly evaluation: EvaluationParts;
  readonly inbox: Inbox;
  /** Confirms a subscription by its token; absent where there is no topic, and nothing to confirm. */
  readonly confirm?: ((token: string, signal: AbortSignal) => Promise<string>) | undefined;
  /** Told of each decision. */
  readonly onDecision: (trigger: Trigger, decision: Decision) => void;
  readonly clock: Clock;
}

/** How long a confirmation is tried, ms: SNS's tokens are valid for two days. Source: SNS API, Subscribe. */
const TOKEN_VALID = 2 * 24 * 3_600_000;

/** Pause after a turn of the loop that failed, ms. */
const RECOVERY = 1_000;

/** The longest sleep, ms: a message that a clock set back has put off is looked for that often. */
const LONGEST_SLEEP = 60_000;

/** Why a resync is left to be made again: a message came, and it is the more urgent one. */
class Overtaken extends Error {}

const log = getLogger(["kas", "loop"]);

/** A decision without an observation. */
interface WithoutObservation {
  readonly why?: string | undefined;
  readonly processed?: ProcessedChange | undefined;
  readonly message?: WaitingMessage;
  /** Done in the transaction that records the decision. */
  readonly also?: () => void;
}

/** Works on what comes in. */
export class ControlLoop {
  readonly #parts: LoopParts;
  /** When the alarms are to be read next, by the clock's elapsed time: nobody's setting of the clock holds it up. */
  #resyncDue = 0;
  /** Resyncs that failed since the last one that didn't. */
  #resyncsFailed = 0;
  /** Sleeps that a new message ends. */
  readonly #sleeps = new Set<AbortController>();
  /** Ends the observation of a resync that is patient. */
  #resyncing: AbortController | undefined;
  #seen: Observation | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** How the fleet was last seen. */
  get observation(): Observation | undefined {
    return this.#seen;
  }

  /** To be called when a message was put into the inbox. */
  wake(): void {
    for (const sleep of this.#sleeps) sleep.abort();
    const { inbox, clock } = this.#parts;
    if (this.#resyncing !== undefined && inbox.next("notification", clock.now()) !== undefined) {
      this.#resyncing.abort(new Overtaken());
    }
  }

  /** Runs until the signal is aborted; what is under way by then is finished. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, confirm } = this.#parts;
    this.#resyncDue = clock.elapsed();
    await Promise.all([
      this.#forever(signal, () => this.#decide(signal)),
      ...(confirm === undefined ? [] : [this.#forever(signal, () => this.#confirm(confirm, signal))]),
    ]);
  }

  /** Whatever fails, a full disk for one, is tried again: nothing ends the loop but its signal. */
  async #forever(signal: AbortSignal, turn: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await turn();
      } catch (error) {
        if (signal.aborted) return;
        log.error("a turn of the loop failed", { reason: (error as Error).message });
        await this.#parts.clock.sleep(RECOVERY, signal).catch(() => {});
      }
    }
  }

  /** Decides on the next message, or resyncs, or waits for either. */
  async #decide(signal: AbortSignal): Promise<void> {
    const { evaluation: { limits, journal }, inbox, clock } = this.#parts;
    const now = clock.now();
    const message = inbox.next("notification", now);
    // A stream of messages does not put the resync off for ever.
    const patient = clock.elapsed() < this.#resyncDue + limits.resync;
    if (message !== undefined && patient) {
      await this.#tried(message, signal, () => this.#notified(message, signal));
    } else if (clock.elapsed() >= this.#resyncDue) {
      await this.#resync(signal, patient);
      journal.prune(now);
      inbox.prune(now);
    } else {
      await this.#idle("notification", this.#resyncDue, signal);
    }
  }

  /** Confirms the next subscription, beside the decisions as SNS may take its time. */
  async #confirm(confirm: NonNullable<LoopParts["confirm"]>, signal: AbortSignal): Promise<void> {
    const { inbox, clock } = this.#parts;
    const message = inbox.next("confirmation", clock.now());
    if (message === undefined) return await this.#idle("confirmation", undefined, signal);
    await this.#tried(message, signal, async () => {
      const arn = await confirm(message.body, signal);
      inbox.done(message.id, clock.now());
      log.info("confirmed the subscription", { messageId: message.id, subscription: arn });
    });
  }

  /** Tries to deal with a message; if that fails it stays in the inbox for later. */
  async #tried(message: WaitingMessage, signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
    const { inbox, clock } = this.#parts;
    try {
      await attempt();
    } catch (error) {
      if (signal.aborted) return;
      const reason = describeError(error).message;
      if (
        message.kind === "confirmation" && (refused(error) || clock.now() - message.received > TOKEN_VALID)
      ) {
        inbox.done(message.id, clock.now());
        log.error("gave up confirming the subscription", { messageId: message.id, reason });
        return;
      }
      inbox.postpone(message, clock.now());
      log.warn("will try again", { messageId: message.id, attempts: message.attempts + 1, reason });
    }
  }

  /** Decides on a notification. It is done in the transaction that records its decision, so it has exactly one. */
  async #notified(message: WaitingMessage, aborted: AbortSignal): Promise<void> {
    const { evaluation, inbox, clock } = this.#parts;
    const { trigger, why } = triggerOf(message.body);
    const { alarm } = trigger;
    const done = () => {
      inbox.done(message.id, clock.now());
      if (alarm !== undefined) evaluation.journal.noteProcessed(alarmName(alarm), alarm, "notification");
    };
    const processed = alarm && evaluation.journal.newestChange(alarmName(alarm));
    if (scopeOf(trigger, processed) !== "nothing") {
      const options = { message, signal: aborted, onDecision: done, processed };
      this.#decided(await evaluate(evaluation, trigger, options), message);
      return;
    }
    const decision = this.#decideUnobserved(trigger, { why, processed, message, also: done });
    this.#decided({ trigger, decision }, message);
  }

  /** Decides and records without an observation. */
  #decideUnobserved(
    trigger: Trigger,
    { why, processed, message, also = () => {} }: WithoutObservation,
  ): Decision {
    const { evaluation: { state, journal, dryRun }, clock } = this.#parts;
    const observation: Unobserved = {
      kind: "unobserved",
      now: clock.now(),
      ...(why === undefined ? {} : { why }),
      ...(processed === undefined ? {} : { processed }),
    };
    const decision = decide(trigger, observation);
    state.transaction(() => {
      also();
      journal.record({
        trigger,
        observation,
        decision,
        dryRun,
        ...(message ? { message } : {}),
      });
    });
    return decision;
  }

  /** Reads the alarms; if it is patient, a message that comes in the meantime goes first, and then it is made again. */
  async #resync(aborted: AbortSignal, patient: boolean): Promise<void> {
    const { evaluation, clock, onDecision } = this.#parts;
    const overtaken = new AbortController();
    if (patient) this.#resyncing = overtaken;
    try {
      const stepped = await evaluate(evaluation, { kind: "reconcile" }, {
        signal: AbortSignal.any([aborted, overtaken.signal]),
        onDecision: (_, { kind, recommendation }) => {
          const alarm = recommendation?.alarm;
          if (alarm !== undefined && kind !== "none") {
            evaluation.journal.noteProcessed(alarmName(alarm), alarm, "reconcile");
          }
        },
      });
      this.#decided(stepped);
      this.#resyncsFailed = 0;
    } catch (error) {
      if (aborted.aborted || overtaken.signal.aborted) return;
      const reason = describeError(error).message;
      log.warn("cannot resync", { reason });
      const pause = Math.min(evaluation.limits.resync, backoff(this.#resyncsFailed++));
      this.#resyncDue = clock.elapsed() + pause;
      const trigger = { kind: "reconcile" } as const;
      onDecision(trigger, this.#decideUnobserved(trigger, { why: `cannot observe the fleet: ${reason}` }));
    } finally {
      this.#resyncing = undefined;
    }
  }

  #decided(
    { trigger, observation, decision, activity }:
      & Pick<Evaluation, "trigger" | "decision">
      & Partial<Evaluation>,
    message?: WaitingMessage,
  ): void {
    const { evaluation: { limits }, clock, onDecision } = this.#parts;
    if (observation !== undefined) this.#seen = this.#with(trigger, observation);
    onDecision(trigger, decision);
    // A repeat waits for one whole resync after a step (R2), and not by a clock that may be set.
    if (message === undefined || decision.kind !== "none") this.#resyncDue = clock.elapsed() + limits.resync;
    // A quiet resync is no event.
    if (message === undefined && decision.kind === "none") return;
    log.info(`decided ${decision.kind}`, {
      source: trigger.kind,
      ...(message === undefined ? {} : { messageId: message.id }),
      ...(activity === undefined ? {} : { activity: activity.id }),
      ...("instance" in decision ? { instance: decision.instance } : {}),
      reason: decision.reason,
    });
  }

  /** The fleet as it is seen now: what a step out that was asked for did not look at is as it was. */
  #with(trigger: Trigger, facts: Observation): Observation {
    const before = this.#seen;
    if (before === undefined || scopeOf(trigger) === "everything") return facts;
    const fresh = new Set(facts.alarms.map(alarmName));
    const others = before.alarms.filter((alarm) => !fresh.has(alarmName(alarm)));
    return { ...facts, alarms: [...facts.alarms, ...others], cpu: before.cpu };
  }

  /** Waits for a message, one that was put off, or the clock's elapsed time given. */
  async #idle(kind: InboxEntry["kind"], until: number | undefined, signal: AbortSignal): Promise<void> {
    const { inbox, clock } = this.#parts;
    const left = (until ?? Infinity) - clock.elapsed();
    const pause = Math.min(inbox.dueIn(kind, clock.now()) ?? Infinity, left, LONGEST_SLEEP);
    const woken = new AbortController();
    this.#sleeps.add(woken);
    try {
      await clock.sleep(Math.max(0, pause), AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!signal.aborted && !woken.signal.aborted) throw error;
    } finally {
      this.#sleeps.delete(woken);
    }
  }
}

/** AWS understood and said no. */
function refused(error: unknown): boolean {
  return code(error) !== undefined && !isThrottled(error) && !isAccessFailure(error) &&
    ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0) < 500;
}

/** The trigger of a notification's text; why it is not an alarm of kas, if it is not. */
function triggerOf(text: string): { readonly trigger: NotificationTrigger; readonly why?: string } {
  const notification = parseAlarmChange(text);
  if (notification.kind === "ignored") return { trigger: { kind: "notification" }, why: notification.reason };
  const name = parseAlarmName(notification.name);
  if (name === undefined) {
    const why = `the alarm name "${notification.name.slice(0, 100)}" does not have kas's form`;
    return { trigger: { kind: "notification" }, why };
  }
  const { from, to, at } = notification;
  return { trigger: { kind: "notification", alarm: { ...name, from, to, at } } };
}
