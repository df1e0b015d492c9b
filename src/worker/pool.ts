/**
 * The threads that burn CPU for /work, and the bounded queue before them.
 *
 * @module
 */
import type { Burned } from "./burn.ts";
import { BurnThread, startThread } from "./thread.ts";

/** ms before each start of a thread, in which whatever came during the one before, some 20 ms long, is answered. */
const BETWEEN_STARTS = 10;

/** What makes up a pool. */
export interface PoolOptions {
  /** How many burn at the same time. */
  readonly threads: number;
  /** How many may wait for a thread. */
  readonly queue: number;
  /** Least and most ms of wall time that one burn takes. */
  readonly workMs: readonly [number, number];
  /** In [0, 1). */
  readonly random?: () => number;
  readonly start?: () => Worker;
}

/** Burn threads behind a queue: first come, first served. */
export class BurnPool implements Disposable {
  readonly #threads: readonly BurnThread[];
  readonly #free: BurnThread[];
  readonly #waiting = new Set<(thread: BurnThread) => void>();
  readonly #closed = new AbortController();
  readonly #queue: number;
  readonly #workMs: readonly [number, number];
  readonly #random: () => number;
  #starting: ReturnType<typeof setTimeout> | undefined;
  /** ms that earlier burns took longer than they were meant to, not yet made up for. */
  #late = 0;

  constructor({ threads, queue, workMs, random = Math.random, start = startThread }: PoolOptions) {
    this.#threads = Array.from({ length: threads }, () => new BurnThread(start));
    this.#free = [...this.#threads];
    this.#queue = queue;
    this.#workMs = workMs;
    this.#random = random;
  }

  /** Starts the threads ahead of the first burns, which would start them otherwise: one by one, between what else there is to do. */
  warmUp(): void {
    this.#startNext(this.#threads.values());
  }

  /** How many burns wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many burns are under way. */
  get burning(): number {
    return this.#threads.length - this.#free.length;
  }

  /** As many wait for a thread as may. To be asked before {@linkcode burn}: a refusal then costs no more than a ping. */
  get full(): boolean {
    return this.#free.length === 0 && this.#waiting.size >= this.#queue;
  }

  /**
   * Burns CPU once, on the first thread that is free.
   *
   * @param gone frees the place: a waiting burn leaves the queue, one under way is stopped
   * @throws {RangeError} if the queue is full
   * @throws {BurnThreadError} if the thread died of it
   */
  async burn(gone: AbortSignal): Promise<Burned> {
    if (this.full) throw new RangeError(`${this.#waiting.size} wait for a thread already`);
    const signal = AbortSignal.any([gone, this.#closed.signal]);
    signal.throwIfAborted();
    const thread = this.#free.pop() ?? await this.#turn(signal);
    try {
      return await this.#burnOn(thread, signal);
    } finally {
      this.#release(thread);
    }
  }

  /** Ends the threads. Burns under way and waiting are rejected. */
  [Symbol.dispose](): void {
    this.#closed.abort(new DOMException("The burn threads were ended", "AbortError"));
    clearTimeout(this.#starting);
    for (const thread of this.#threads) thread[Symbol.dispose]();
  }

  #startNext(threads: Iterator<BurnThread>): void {
    this.#starting = setTimeout(() => {
      const { done, value } = threads.next();
      if (done) return;
      value.open();
      this.#startNext(threads);
    }, BETWEEN_STARTS);
  }

  /**
   * Burns on a thread. Where other processes keep the cores busy, a burn ends late, and the next ones are the shorter for
   * it, though never shorter than they may be: the load stays right on the whole.
   */
  async #burnOn(thread: BurnThread, signal: AbortSignal): Promise<Burned> {
    const [least, most] = this.#workMs;
    const meant = least + this.#random() * (most - least) - this.#late;
    this.#late = 0;
    const burned = await thread.burn(Math.max(least, meant), signal);
    signal.throwIfAborted();
    const late = this.#late + burned.seconds * 1_000 - meant;
    // A machine that was suspended has nothing to make up for.
    this.#late = Math.min(Math.max(0, late), most - least);
    return burned;
  }

  /** Waits in the queue for a thread. */
  #turn(signal: AbortSignal): Promise<BurnThread> {
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

  /** Hands a thread that has done its job to the first who waits. */
  #release(thread: BurnThread): void {
    const [take] = this.#waiting;
    if (take === undefined) this.#free.push(thread);
    else take(thread);
  }
}
