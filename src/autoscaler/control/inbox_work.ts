/**
 * Waits for messages in the inbox, and processes each message. If processing fails, it tries again.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { describeError } from "../../aws/error_messages.ts";
import type { Clock } from "../../runtime.ts";
import type { Inbox, InboxEntry, WaitingMessage } from "../store/inbox.ts";

/** How long the loop pauses after an error in kas itself, for example a full disk, in ms. */
const RECOVERY = 1_000;

/** The longest sleep, in ms. If somebody sets the clock back, kas finds a postponed message within this time. */
const LONGEST_SLEEP = 60_000;

const log = getLogger(["kas", "loop"]);

/** Processes the messages of an inbox for the control loop. */
export class InboxWork {
  readonly #inbox: Inbox;
  readonly #clock: Clock;
  /** The controllers of the sleeps in progress. A new message aborts them. */
  readonly #sleeps = new Set<AbortController>();

  constructor(inbox: Inbox, clock: Clock) {
    this.#inbox = inbox;
    this.#clock = clock;
  }

  /** Wakes the loops that wait for messages. Call this method when the inbox has a new message. */
  wake(): void {
    for (const sleep of this.#sleeps) sleep.abort();
  }

  /**
   * Repeats an iteration until the signal aborts. If an iteration fails, for example because the disk is full, kas repeats the
   * iteration after a pause.
   */
  async repeat(signal: AbortSignal, turn: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await turn();
      } catch (error) {
        if (signal.aborted) return;
        log.error("iteration of the control loop failed", { reason: (error as Error).message });
        await this.#clock.sleep(RECOVERY, signal).catch(() => {});
      }
    }
  }

  /**
   * Attempts to process a message. If the attempt fails, the message stays in the inbox for a later attempt, unless `isFinal`
   * returns true.
   */
  async attempt(
    message: WaitingMessage,
    signal: AbortSignal,
    run: () => Promise<void>,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (signal.aborted) return;
      const { message: reason } = describeError(error);
      const fields = { messageId: message.id, kind: message.kind, reason };
      if (isFinal(error)) {
        this.#inbox.done(message.id, this.#clock.now());
        log.error("message failed, not retried", fields);
      } else {
        this.#inbox.postpone(message, this.#clock.now());
        log.warn("message postponed", { ...fields, attempts: message.attempts + 1 });
      }
    }
  }

  /** Sleeps until a new message arrives, a postponed message is due, or the clock's elapsed time reaches `until`. */
  async sleep(kind: InboxEntry["kind"], until: number | undefined, signal: AbortSignal): Promise<void> {
    const left = (until ?? Infinity) - this.#clock.elapsed();
    const pause = Math.min(this.#inbox.dueIn(kind, this.#clock.now()) ?? Infinity, left, LONGEST_SLEEP);
    const woken = new AbortController();
    this.#sleeps.add(woken);
    try {
      await this.#clock.sleep(Math.max(0, pause), AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!signal.aborted && !woken.signal.aborted) throw error;
    } finally {
      this.#sleeps.delete(woken);
    }
  }
}
