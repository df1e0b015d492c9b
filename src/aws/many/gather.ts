/**
 * Gathers concurrent requests for single items into calls for many items. For example, 50 activities that begin at once need one or
 * two StartInstances. AWS would throttle most of 50 calls.
 *
 * @module
 */
import type { Aws } from "../clients.ts";
import { BATCH, type Item, type Outcome, outcomesOf, type Results } from "./batches.ts";

/**
 * Asks for an item. Rejects with the item's own error. If the signal aborts, the caller stops waiting, and the promise rejects
 * with the signal's reason. Other callers keep waiting.
 */
export type Ask<T, I extends Item = string> = (item: I, signal?: AbortSignal) => Promise<T>;

/** Options of {@linkcode gathered}. */
export interface GatherOptions {
  /** The maximum number of items in a call. Default: {@linkcode BATCH}. */
  readonly size?: number;
  /** Returns whether an item's error is also the error of the items after it: see {@linkcode outcomesOf}. Default: never. */
  readonly endsBatch?: (error: unknown) => boolean;
}

/** The requests of an item that wait for one call. */
interface Question<T, I extends Item> {
  readonly answer: PromiseWithResolvers<T>;
  /** The number of callers that wait. */
  waiting: number;
  /** The call that contains the item. Undefined while the item waits in the queue. */
  sent?: Sent<T, I>;
}

/** A call in progress. */
interface Sent<T, I extends Item> {
  readonly questions: ReadonlyMap<I, Question<T, I>>;
  readonly stop: AbortController;
}

/**
 * Returns a function that requests one item. At most one call is in progress. All items that are requested meanwhile go into the
 * next call together. Requests of one item that wait for the same call share it.
 *
 * A request never gets the answer of a call that began before the request, because this answer could be older than the caller's last
 * change. kas splits a refused call, so that each item has its own result or error ({@linkcode outcomesOf}).
 *
 * @param call sends a call. Its signal aborts when no caller waits for the call any more
 */
export function gathered<T, I extends Item = string>(
  call: (batch: readonly I[], signal: AbortSignal) => Promise<Results<T, I>>,
  { size = BATCH, endsBatch }: GatherOptions = {},
): Ask<T, I> {
  const queue = new Map<I, Question<T, I>>();
  let sending = false;

  async function sendAll(): Promise<void> {
    if (sending) return;
    sending = true;
    // The callers that run in the same turn of the event loop join the first call.
    await Promise.resolve();
    while (queue.size > 0) {
      const questions = new Map(queue.entries().take(size));
      const sent = { questions, stop: new AbortController() };
      for (const [item, question] of questions) {
        queue.delete(item);
        question.sent = sent;
      }
      const send = (batch: readonly I[]) => call(batch, sent.stop.signal);
      const outcomes = await outcomesOf([...questions.keys()], send, endsBatch);
      for (const [item, { answer }] of questions) settle(answer, outcomes.get(item));
    }
    sending = false;
  }

  return async (item, signal) => {
    signal?.throwIfAborted();
    const question: Question<T, I> = queue.get(item) ?? { answer: Promise.withResolvers(), waiting: 0 };
    queue.set(item, question);
    question.waiting++;
    void sendAll();
    try {
      return await unlessAborted(question.answer.promise, signal);
    } finally {
      question.waiting--;
      if (question.waiting === 0) abandon(item, question);
    }
  };

  function abandon(item: I, question: Question<T, I>): void {
    const { sent } = question;
    if (sent === undefined) queue.delete(item);
    else if (sent.questions.values().every(({ waiting }) => waiting === 0)) sent.stop.abort();
  }
}

/** Returns a function that shares the calls of a read as {@linkcode gathered} does. */
export function shared<T>(read: (signal: AbortSignal) => Promise<T>): (signal?: AbortSignal) => Promise<T> {
  const ask = gathered(async ([item = ""], signal) => new Map([[item, await read(signal)]]));
  return (signal) => ask("", signal);
}

/**
 * Returns a function that makes one value for each account and key, and then always returns this value. So all calls with an
 * account and a key gather in the same place.
 */
export function perAccount<Key extends readonly unknown[], T>(
  make: (aws: Aws, ...key: Key) => T,
): (aws: Aws, ...key: Key) => T {
  const accounts = new WeakMap<Aws, Map<string, T>>();
  return (aws, ...key) => {
    const made = accounts.get(aws) ?? new Map<string, T>();
    accounts.set(aws, made);
    const text = JSON.stringify(key);
    const value = made.get(text) ?? make(aws, ...key);
    made.set(text, value);
    return value;
  };
}

function settle<T>(
  { resolve, reject }: PromiseWithResolvers<T>,
  outcome: Outcome<T> | undefined,
): void {
  if (outcome === undefined) reject(new RangeError("No call contained the item"));
  else if ("error" in outcome) reject(outcome.error);
  else resolve(outcome.value);
}

/** Waits for a promise. Rejects with the signal's reason if the signal aborts before. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
