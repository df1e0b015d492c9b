/**
 * The inbox: verified messages, each stored once and durably before it is answered (R11, R12), and worked off later.
 *
 * @module
 */
import type { Store } from "./store.ts";
import { backoff, LONGEST_BACKOFF } from "../control/clock.ts";

/**
 * What a message of the inbox is: a `notification` whose body is its Message, CloudWatch's account of an alarm, or a
 * `confirmation` of a subscription, whose body is the token, a secret.
 */
export interface InboxEntry {
  readonly kind: "notification" | "confirmation";
  readonly body: string;
}

/** A message that waits. Times are ms since the epoch. */
export interface WaitingMessage extends InboxEntry {
  /** SNS's MessageId. */
  readonly id: string;
  readonly received: number;
  /** How often it was tried. */
  readonly attempts: number;
}

/** How long a MessageId is remembered, ms: SNS gives up within an hour and a message older than that is refused (R14). */
const REMEMBERED = 24 * 3_600_000;

/** Verified messages in the order in which they came. */
export class Inbox {
  readonly #state: Store;

  constructor(state: Store) {
    this.#state = state;
  }

  /** Stores a message, which is on disk once {@linkcode synced} says so. False if it was here before. */
  add(id: string, entry: InboxEntry, now: number): boolean {
    const { changes } = this.#state.db.prepare(
      "INSERT INTO messages (id, kind, body, received, due) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ).run(id, entry.kind, entry.body, now, now);
    return changes === 1;
  }

  /** Resolves once all messages that were added before are on disk. */
  synced(): Promise<void> {
    return this.#state.synced();
  }

  /**
   * The first message of a kind that is due. One that lies further ahead than any message is put off was put there by a
   * clock that has since been set back: it is due.
   */
  next(kind: InboxEntry["kind"], now: number): WaitingMessage | undefined {
    const row = this.#state.db.prepare(
      `SELECT id, body, received, attempts FROM messages
       WHERE done IS NULL AND kind = ? AND (due <= ? OR due > ?) ORDER BY seq LIMIT 1`,
    ).get(kind, now, now + LONGEST_BACKOFF);
    if (row === undefined) return undefined;
    return {
      kind,
      id: String(row.id),
      body: String(row.body),
      received: Number(row.received),
      attempts: Number(row.attempts),
    };
  }

  /** In how many ms the next message of a kind falls due; undefined if none waits. */
  dueIn(kind: InboxEntry["kind"], now: number): number | undefined {
    const due = this.#state.db.prepare(
      "SELECT min(iif(due > ?, 0, due)) AS due FROM messages WHERE done IS NULL AND kind = ?",
    ).get(now + LONGEST_BACKOFF, kind)?.due;
    return typeof due === "number" ? Math.max(0, due - now) : undefined;
  }

  /** How many wait. */
  waiting(): number {
    return Number(this.#state.db.prepare("SELECT count(*) AS n FROM messages WHERE done IS NULL").get()?.n);
  }

  /** When the first of them was received. */
  oldest(): number | undefined {
    const oldest = this.#state.db.prepare("SELECT min(received) AS oldest FROM messages WHERE done IS NULL")
      .get()?.oldest;
    return typeof oldest === "number" ? oldest : undefined;
  }

  /** Puts a message off: twice as long each time, up to ten seconds. */
  postpone({ id, attempts }: WaitingMessage, now: number): void {
    this.#state.db.prepare("UPDATE messages SET attempts = attempts + 1, due = ? WHERE id = ?").run(
      now + backoff(attempts),
      id,
    );
  }

  /** Marks a message as done and forgets what it said. */
  done(id: string, now: number): void {
    this.#state.db.prepare("UPDATE messages SET done = ?, body = NULL WHERE id = ?").run(now, id);
  }

  /** Forgets the messages that nobody will send again. */
  prune(now: number): void {
    this.#state.db.prepare("DELETE FROM messages WHERE done < ?").run(now - REMEMBERED);
  }
}
