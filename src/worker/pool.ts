/**
 * The pool of burn threads that process /work requests, with a bounded queue.
 *
 * @module
 */
import type { BurnResult } from "./burn.ts";
import { BurnThread, startThread } from "./thread.ts";

/**
 * Pause before each start of a thread, in ms. Each start blocks the event loop for about 20 ms. In the pause, the worker answers
 * requests.
 */
const START_PAUSE = 10;

/** Options of {@linkcode BurnPool}. */
export interface PoolOptions {
  /** Maximum number of burn jobs that run at the same time. */
  readonly threads: number;
  /** Maximum number of burn jobs that wait for a thread. */
  readonly queue: number;
  /** Minimum and maximum duration of a burn job, in ms of wall time. */
  readonly workMs: readonly [number, number];
  /** Returns a random number in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  readonly start?: () => Worker;
}

/** A pool of burn threads with a queue. The pool processes jobs in the order of their arrival. */
export class BurnPool implements Disposable {
  readonly #threads: readonly BurnThread[];
  readonly #free: BurnThread[];
  readonly #waiting = new Set<(thread: BurnThread) => void>();
  readonly #closed = new AbortController();
  readonly #queue: number;
  readonly #workMs: readonly [number, number];
  readonly #random: () => number;
  #starting: ReturnType<typeof setTimeout> | undefined;
  /** How much longer than planned the earlier burn jobs took, in ms. The next burn job is shorter by this time. */
  #overrun = 0;

  constructor({ threads, queue, workMs, random = Math.random, start = startThread }: PoolOptions) {
    this.#threads = Array.from({ length: threads }, () => new BurnThread(start));
    this.#free = [...this.#threads];
    this.#queue = queue;
    this.#workMs = workMs;
    this.#random = random;
  }

  /** Starts the threads one after the other, before the first burn jobs need them. */
  warmUp(): void {
    this.#startNext(this.#threads.values());
  }

  /** Number of burn jobs that wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Number of burn jobs in progress. */
  get burning(): number {
    return this.#threads.length - this.#free.length;
  }

  /**
   * Whether the queue is full. The HTTP handler reads this before it calls {@linkcode burn}, so that it can reject a request
   * quickly.
   */
  get full(): boolean {
    return this.#free.length === 0 && this.#waiting.size >= this.#queue;
  }

  /**
   * Uses CPU once, on the first free thread.
   *
   * @param gone aborts when the client disconnects. A waiting job then leaves the queue, and a running job stops
   * @throws {RangeError} if the queue is full
   * @throws {BurnThreadError} if the thread fails
   */
  async burn(gone: AbortSignal): Promise<BurnResult> {
    if (this.full) {
      throw new RangeError(`The queue is full: ${this.#waiting.size} burn jobs wait for a thread`);
    }
    const signal = AbortSignal.any([gone, this.#closed.signal]);
    signal.throwIfAborted();
    const thread = this.#free.pop() ?? await this.#waitForThread(signal);
    try {
      return await this.#burnOn(thread, signal);
    } finally {
      this.#release(thread);
    }
  }

  /** Ends the burn threads. Rejects running and waiting jobs. */
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
   * Runs a burn job on a thread. On a busy host, a job may end late. The next job is then shorter, but not shorter than the
   * minimum, so
   * that the total CPU load is as configured.
   */
  async #burnOn(thread: BurnThread, signal: AbortSignal): Promise<BurnResult> {
    const [least, most] = this.#workMs;
    const target = least + this.#random() * (most - least) - this.#overrun;
    this.#overrun = 0;
    const burned = await thread.burn(Math.max(least, target), signal);
    signal.throwIfAborted();
    const overrun = this.#overrun + burned.seconds * 1_000 - target;
    // If the host was suspended during the job, the overrun can be hours. The limit keeps the pool from compensating that time.
    this.#overrun = Math.min(Math.max(0, overrun), most - least);
    return burned;
  }

  /** Waits in the queue until a thread is free. */
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

  /** Assigns a free thread to the first waiting job. */
  #release(thread: BurnThread): void {
    const [take] = this.#waiting;
    if (take === undefined) this.#free.push(thread);
    else take(thread);
  }
}
