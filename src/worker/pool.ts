/**
 * The pool of burn threads for /work, with a bounded queue.
 *
 * @module
 */
import type { BurnResult } from "./burn.ts";
import { BurnThread, startThread } from "./thread.ts";

/** Pause before each start of a thread, ms. A start blocks for about 20 ms; the pause lets requests that arrived meanwhile be answered. */
const START_PAUSE = 10;

/** Options of a pool. */
export interface PoolOptions {
  /** How many burns run at the same time. */
  readonly threads: number;
  /** How many burns may wait for a thread. */
  readonly queue: number;
  /** The minimum and maximum duration of a burn, in ms of wall time. */
  readonly workMs: readonly [number, number];
  /** In [0, 1). */
  readonly random?: () => number;
  readonly start?: () => Worker;
}

/** Burn threads with a first-come, first-served queue. */
export class BurnPool implements Disposable {
  readonly #threads: readonly BurnThread[];
  readonly #free: BurnThread[];
  readonly #waiting = new Set<(thread: BurnThread) => void>();
  readonly #closed = new AbortController();
  readonly #queue: number;
  readonly #workMs: readonly [number, number];
  readonly #random: () => number;
  #starting: ReturnType<typeof setTimeout> | undefined;
  /** By how many ms earlier burns took too long, not yet compensated. */
  #overrun = 0;

  constructor({ threads, queue, workMs, random = Math.random, start = startThread }: PoolOptions) {
    this.#threads = Array.from({ length: threads }, () => new BurnThread(start));
    this.#free = [...this.#threads];
    this.#queue = queue;
    this.#workMs = workMs;
    this.#random = random;
  }

  /** Starts the threads one by one before the first burns need them. */
  warmUp(): void {
    this.#startNext(this.#threads.values());
  }

  /** How many burns wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many burns are in progress. */
  get burning(): number {
    return this.#threads.length - this.#free.length;
  }

  /** Whether the queue is full. Check it before {@linkcode burn}: a refusal then costs as little as a ping. */
  get full(): boolean {
    return this.#free.length === 0 && this.#waiting.size >= this.#queue;
  }

  /**
   * Burns CPU once, on the first free thread.
   *
   * @param gone aborts when the client is gone: a waiting burn leaves the queue, a running burn stops
   * @throws {RangeError} if the queue is full
   * @throws {BurnThreadError} if the thread fails
   */
  async burn(gone: AbortSignal): Promise<BurnResult> {
    if (this.full) throw new RangeError(`The queue is full: ${this.#waiting.size} burns wait for a thread`);
    const signal = AbortSignal.any([gone, this.#closed.signal]);
    signal.throwIfAborted();
    const thread = this.#free.pop() ?? await this.#waitForThread(signal);
    try {
      return await this.#burnOn(thread, signal);
    } finally {
      this.#release(thread);
    }
  }

  /** Ends the threads. Running and waiting burns are rejected. */
  [Symbol.dispose](): void {
    this.#closed.abort(new DOMException("The burn threads have ended", "AbortError"));
    clearTimeout(this.#starting);
    for (const thread of this.#threads) thread[Symbol.dispose]();
  }

  #startNext(threads: Iterator<BurnThread>): void {
    this.#starting = setTimeout(() => {
      const { done, value } = threads.next();
      if (done) return;
      value.open();
      this.#startNext(threads);
    }, START_PAUSE);
  }

  /**
   * Burns on a thread. On a busy machine a burn ends late. The next burns are then shorter, but never below the minimum, so
   * that the total load stays right.
   */
  async #burnOn(thread: BurnThread, signal: AbortSignal): Promise<BurnResult> {
    const [least, most] = this.#workMs;
    const target = least + this.#random() * (most - least) - this.#overrun;
    this.#overrun = 0;
    const burned = await thread.burn(Math.max(least, target), signal);
    signal.throwIfAborted();
    const overrun = this.#overrun + burned.seconds * 1_000 - target;
    // Bounded, because a suspended machine has nothing to compensate.
    this.#overrun = Math.min(Math.max(0, overrun), most - least);
    return burned;
  }

  /** Waits in the queue for a thread. */
  #waitForThread(signal: AbortSignal): Promise<BurnThread> {
    const { promise, resolve, reject } = Promise.withResolvers<BurnThread>();
    const leave = () => {
      this.#waiting.delete(take);
      reject(signal.reason);
    };
    const take = (thread: BurnThread) => {
      this.#waiting.delete(take);
      signal.removeEventListener("abort", leave);
      resolve(thread);
    };
    this.#waiting.add(take);
    signal.addEventListener("abort", leave, { once: true });
    return promise;
  }

  /** Gives a free thread to the first waiting burn. */
  #release(thread: BurnThread): void {
    const [take] = this.#waiting;
    if (take === undefined) this.#free.push(thread);
    else take(thread);
  }
}
