/**
 * Posts messages to endpoints, and tries again as long as the delivery policy has it.
 *
 * Source: SNS developer guide, "HTTP/HTTPS notifications": an attempt fails if there is no answer within 15 s, or one outside
 * 200 to 499; so a 4xx ends a delivery.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { HttpPost } from "./message.ts";

/** How long an attempt waits for its answer, ms. */
const TIMEOUT = 15_000;

/** At least this long in real ms, for the endpoint's own work goes no faster with the clock's speed. */
const REAL_TIMEOUT = 2_000;

/** Deliveries under way; more are dropped. A bound on memory. */
const MAX_IN_PROGRESS = 10_000;

/** The deliveries under way. Disposing of it gives them up. */
export class Deliveries implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #inProgress = new Set<Promise<void>>();
  readonly #end = new AbortController();

  constructor(clock: Clock, network: typeof fetch = fetch) {
    this.#clock = clock;
    this.#fetch = network;
  }

  /** Starts a delivery, with the delays before its retries, s. */
  send(url: string, post: HttpPost, delays: readonly number[]): void {
    if (this.#inProgress.size >= MAX_IN_PROGRESS || this.#end.signal.aborted) return;
    const delivery = this.#deliver(url, post, delays).finally(() => this.#inProgress.delete(delivery));
    this.#inProgress.add(delivery);
  }

  /** Gives up what is under way, and waits until it is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#inProgress);
  }

  async #deliver(url: string, post: HttpPost, delays: readonly number[]): Promise<void> {
    if (await this.#attempt(url, post)) return;
    for (const delay of delays) {
      await this.#wait(delay * 1_000);
      if (this.#end.signal.aborted || await this.#attempt(url, post)) return;
    }
  }

  /** Whether there was an answer that ends the delivery, for better or worse. */
  async #attempt(url: string, { headers, body }: HttpPost): Promise<boolean> {
    const timeout = new AbortController();
    using _timer = this.#clock.after(
      Math.max(TIMEOUT, REAL_TIMEOUT * this.#clock.speed),
      () => timeout.abort(),
    );
    try {
      const signal = AbortSignal.any([this.#end.signal, timeout.signal]);
      const init = { method: "POST", headers, body, redirect: "manual", signal } as const;
      const response = await this.#fetch(url, init);
      await response.body?.cancel();
      return response.status < 500;
    } catch {
      // A refused or broken connection, or the timeout.
      return false;
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#end.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(ms, resolve);
    const end = () => {
      timer[Symbol.dispose]();
      resolve();
    };
    this.#end.signal.addEventListener("abort", end, { once: true });
    return promise.finally(() => this.#end.signal.removeEventListener("abort", end));
  }
}
