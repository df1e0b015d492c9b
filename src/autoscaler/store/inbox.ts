/**
 * The inbox of verified messages. kas stores each message once, and answers SNS when the message is on disk (R11, R12). The
 * control loop processes the message later.
 *
 * @module
 */
import { integer, orNull, type Row, text, time } from "./sqlite/rows.ts";
import type { Store } from "./store.ts";
import { backoff, LONGEST_BACKOFF } from "../backoff.ts";

/**
 * The content of a message. The body of a `notification` is the text of SNS's field Message, which describes a change of an
 * alarm. The body of a `confirmation` is the secret token that confirms a subscription.
 */
export interface InboxEntry {
  readonly kind: "notification" | "confirmation";
  readonly body: string;
  /**
   * The signed Timestamp of a notification, in ms since the epoch. Absent if a version of kas before schema version 4 stored
   * the message.
   */
  readonly sent?: number;
}

/** A message that is not processed yet. Times are in ms since the epoch. */
export interface WaitingMessage extends InboxEntry {
  /** SNS's MessageId. */
  readonly id: string;
  readonly received: number;
  /** How many attempts to process the message failed. */
  readonly attempts: number;
}

/**
 * How long the inbox keeps the MessageId of a processed message, in ms. SNS retries for less than an hour, and kas refuses
 * older messages (R14).
 */
const KEPT = 24 * 3_600_000;

/** The inbox of a state folder: messages in the order of their arrival. */
export class Inbox {
  readonly #store: Store;
  /**
   * Whether the files contain no token of a processed message. False at first: an earlier process may have ended before it
   * erased a token.
   */
  #erased = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Stores a message. The message is on disk when {@linkcode synced} has resolved. Returns false if the inbox already has the
   * message.
   */
  add(id: string, entry: InboxEntry, now: number): boolean {
    const { changes } = this.#store.db.prepare(
      "INSERT INTO messages (id, kind, body, sent, received, due) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ).run(id, entry.kind, entry.body, entry.sent ?? null, now, now);
    return changes === 1;
  }

  /** Resolves when all messages that were added before the call are on disk. */
  synced(): Promise<void> {
    return this.#store.synced();
  }

  /**
   * Returns the first message of a kind that is due. If a due time is further ahead than the longest backoff, somebody has
   * set the clock back. Such a message is due too. A message whose row is damaged counts as processed, because a reconcile
   * reads the same alarm (R2).
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

  /** Returns the time until the next message of a kind is due, in ms. Undefined if there is none. */
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

  /** When kas received the oldest message that is not processed yet, in ms since the epoch. */
  oldest(): number | undefined {
    const oldest = this.#store.db.prepare("SELECT min(received) AS oldest FROM messages WHERE done IS NULL")
      .get()?.oldest;
    return typeof oldest === "number" ? oldest : undefined;
  }

  /** Delays the next attempt to process a message. The delay doubles with each failed attempt, up to 10 s. */
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
   * Erases the tokens of processed messages from the files. If another process is reading the database, the next call tries
   * again.
   */
  erase(): void {
    if (!this.#erased) this.#erased = this.#store.erase();
  }

  /** Deletes messages that SNS will not send again and messages whose kind is damaged. Erases tokens. */
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
