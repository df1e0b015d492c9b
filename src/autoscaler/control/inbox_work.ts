/**
 * Working off an inbox: waiting for its messages, and attempting one until it succeeds.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { describeError } from "../../aws/error_messages.ts";
import type { Clock } from "../../runtime.ts";
import type { Inbox, InboxEntry, WaitingMessage } from "../store/inbox.ts";

/** The pause after a turn that failed within kas, ms. */
const RECOVERY = 1_000;

/** The longest sleep, ms. A message that was postponed before the clock was set back is found within this time. */
const LONGEST_SLEEP = 60_000;

const log = getLogger(["kas", "loop"]);

/** The inbox of a control loop. */
export class InboxWork {
  readonly #inbox: Inbox;
  readonly #clock: Clock;
  /** The sleeps that a new message ends. */
  readonly #sleeps = new Set<AbortController>();

  constructor(inbox: Inbox, clock: Clock) {
    this.#inbox = inbox;
    this.#clock = clock;
  }

  /** Ends the sleeps: a message was put into the inbox. */
  wake(): void {
    for (const sleep of this.#sleeps) sleep.abort();
  }

  /** Repeats a turn until the signal is aborted. A turn that fails, for example because the disk is full, is repeated later. */
  async repeat(signal: AbortSignal, turn: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await turn();
      } catch (error) {
        if (signal.aborted) return;
        log.error("turn failed", { reason: (error as Error).message });
        await this.#clock.sleep(RECOVERY, signal).catch(() => {});
      }
    }
  }

  /** Attempts what a message asks for. If that fails, the message stays in the inbox for later, unless `isFinal` says otherwise. */
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
        log.error("message failed for good", fields);
      } else {
        this.#inbox.postpone(message, this.#clock.now());
        log.warn("message postponed", { ...fields, attempts: message.attempts + 1 });
      }
    }
  }

  /** Sleeps until a new message arrives, a postponed one is due, or the clock's elapsed time reaches `until`. */
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
