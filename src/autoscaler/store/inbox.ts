/**
 * The inbox: verified messages. Each is stored once, and is on disk before it is answered (R11, R12). The loop processes it later.
 *
 * @module
 */
import { integer, orNull, type Row, text, time } from "./sqlite/rows.ts";
import type { Store } from "./store.ts";
import { backoff, LONGEST_BACKOFF } from "../backoff.ts";

/**
 * The content of a message. The body of a `notification` is SNS's Message, which describes a change of an alarm. The body of a
 * `confirmation` is the token that confirms a subscription, a secret.
 */
export interface InboxEntry {
  readonly kind: "notification" | "confirmation";
  readonly body: string;
  /** The signed Timestamp of a notification, in ms since the epoch. Absent if kas before schema version 4 stored it. */
  readonly sent?: number;
}

/** A message that is not processed yet. Times are in ms since the epoch. */
export interface WaitingMessage extends InboxEntry {
  /** SNS's MessageId. */
  readonly id: string;
  readonly received: number;
  /** How many attempts failed. */
  readonly attempts: number;
}

/** How long a MessageId is kept, in ms. SNS retries for less than an hour, and an older message is refused (R14). */
const KEPT = 24 * 3_600_000;

/** The inbox of a state folder: messages in the order of their arrival. */
export class Inbox {
  readonly #store: Store;
  /** Whether no token of a processed message is left in the files. An earlier process may have ended before it erased one. */
  #erased = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Stores a message. It is on disk once {@linkcode synced} has resolved. Returns false for a duplicate. */
  add(id: string, entry: InboxEntry, now: number): boolean {
    const { changes } = this.#store.db.prepare(
      "INSERT INTO messages (id, kind, body, sent, received, due) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ).run(id, entry.kind, entry.body, entry.sent ?? null, now, now);
    return changes === 1;
  }

  /** Resolves once all messages that were added before the call are on disk. */
  synced(): Promise<void> {
    return this.#store.synced();
  }

  /**
   * The first message of a kind that is due. A due time further ahead than the longest backoff comes from a clock that was
   * set back since: such a message is due, too. A message whose row is damaged counts as processed: a reconcile makes up for
   * it (R2).
   */
  next(kind: InboxEntry["kind"], now: number): WaitingMessage | undefined {
    const { db } = this.#store;
    while (true) {
      const rows = db.prepare(
        `SELECT id, body, sent, received, attempts FROM messages
         WHERE done IS NULL AND kind = ? AND (due <= ? OR due > ?) ORDER BY seq LIMIT 1`,
      ).all(kind, now, now + LONGEST_BACKOFF);
      const [row] = rows;
      if (row === undefined) return undefined;
      const [message] = db.readAll(rows, ({ id }) => `message ${id}`, (it) => toMessage(kind, it));
      if (message !== undefined) return message;
      this.done(String(row.id), now);
    }
  }

  /** How long until the next message of a kind is due, in ms. undefined if there is none. */
  dueIn(kind: InboxEntry["kind"], now: number): number | undefined {
    const due = this.#store.db.prepare(
      "SELECT min(iif(due > ?, 0, due)) AS due FROM messages WHERE done IS NULL AND kind = ?",
    ).get(now + LONGEST_BACKOFF, kind)?.due;
    return typeof due === "number" ? Math.max(0, due - now) : undefined;
  }

  /** The number of messages that are not processed yet. */
  waiting(): number {
    return Number(this.#store.db.prepare("SELECT count(*) AS n FROM messages WHERE done IS NULL").get()?.n);
  }

  /** When the oldest of them was received, in ms since the epoch. */
  oldest(): number | undefined {
    const oldest = this.#store.db.prepare("SELECT min(received) AS oldest FROM messages WHERE done IS NULL")
      .get()?.oldest;
    return typeof oldest === "number" ? oldest : undefined;
  }

  /** Delays a message: twice as long after each failed attempt, up to 10 s. */
  postpone({ id, attempts }: WaitingMessage, now: number): void {
    this.#store.db.prepare("UPDATE messages SET attempts = attempts + 1, due = ? WHERE id = ?").run(
      now + backoff(attempts),
      id,
    );
  }

  /** Marks a message as processed, and deletes its body. Call {@linkcode erase} after a confirmation. */
  done(id: string, now: number): void {
    const row = this.#store.db.prepare(
      "UPDATE messages SET done = ?, body = NULL WHERE id = ? RETURNING kind",
    )
      .get(now, id);
    if (row?.kind === "confirmation") this.#erased = false;
  }

  /**
   * Erases the tokens of processed messages from the files. If a reader of the database prevents it, the next call tries
   * again.
   */
  erase(): void {
    if (!this.#erased) this.#erased = this.#store.erase();
  }

  /** Deletes messages that SNS will not send again or whose kind is damaged, and erases tokens. */
  prune(now: number): void {
    this.#store.db.prepare(
      "DELETE FROM messages WHERE done < ? OR kind NOT IN ('notification', 'confirmation')",
    )
      .run(now - KEPT);
    this.erase();
  }
}

function toMessage(kind: InboxEntry["kind"], row: Row): WaitingMessage {
  const sent = orNull(row, "sent", time);
  return {
    kind,
    id: text(row, "id"),
    body: text(row, "body"),
    ...(sent === null ? {} : { sent }),
    received: time(row, "received"),
    attempts: integer(row, "attempts"),
  };
}
