/**
 * Delivers messages to HTTP endpoints, and retries by the delivery policy.
 *
 * Source: SNS developer guide, "HTTP/HTTPS notifications": an attempt fails without a response within 15 s, or with a
 * status outside 200 to 499. A 4xx status therefore ends a delivery.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { HttpPost } from "./message.ts";

/** Timeout of an attempt, ms of sandbox time. */
const TIMEOUT = 15_000;

/** Lower bound of the timeout, real ms: an endpoint does not get faster with the sandbox's speed. */
const REAL_TIMEOUT = 2_000;

/** Greatest number of deliveries in progress. Further deliveries are dropped. This bounds memory. */
const MAX_IN_PROGRESS = 10_000;

/** The deliveries in progress. Its disposal aborts them. */
export class Deliveries implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #inProgress = new Set<Promise<void>>();
  readonly #aborted = new AbortController();

  constructor(clock: Clock, network: typeof fetch = fetch) {
    this.#clock = clock;
    this.#fetch = network;
  }

  /**
   * Starts a delivery. Resolves once the first attempt is over, with whether the endpoint responded.
   *
   * @param delays the delay before each retry, s
   */
  send(url: string, post: HttpPost, delays: readonly number[]): Promise<boolean> {
    if (this.#inProgress.size >= MAX_IN_PROGRESS || this.#aborted.signal.aborted) {
      return Promise.resolve(false);
    }
    const first = this.#attempt(url, post);
    const delivery = this.#deliver(url, post, delays, first).finally(() => this.#inProgress.delete(delivery));
    this.#inProgress.add(delivery);
    return first.then((status) => status !== undefined);
  }

  /** Aborts all deliveries and waits until they have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#aborted.abort();
    await Promise.all(this.#inProgress);
  }

  async #deliver(
    url: string,
    post: HttpPost,
    delays: readonly number[],
    first: Promise<number | undefined>,
  ): Promise<void> {
    if (isOver(await first)) return;
    for (const delay of delays) {
      await this.#wait(delay * 1_000);
      if (this.#aborted.signal.aborted || isOver(await this.#attempt(url, post))) return;
    }
  }

  /** Posts the message once. Returns the status of the response; undefined without one. */
  async #attempt(url: string, { headers, body }: HttpPost): Promise<number | undefined> {
    const timeout = new AbortController();
    using _timer = this.#clock.after(
      Math.max(TIMEOUT, REAL_TIMEOUT * this.#clock.speed),
      () => timeout.abort(),
    );
    try {
      const signal = AbortSignal.any([this.#aborted.signal, timeout.signal]);
      const init = { method: "POST", headers, body, redirect: "manual", signal } as const;
      const response = await this.#fetch(url, init);
      await response.body?.cancel();
      return response.status;
    } catch {
      // The connection was refused or broke, or the attempt timed out.
      return undefined;
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#aborted.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(ms, resolve);
    const onAbort = () => {
      timer[Symbol.dispose]();
      resolve();
    };
    this.#aborted.signal.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => this.#aborted.signal.removeEventListener("abort", onAbort));
  }
}

/** Whether an attempt ends the delivery. A 4xx ends it without success. */
function isOver(status: number | undefined): boolean {
  return status !== undefined && status < 500;
}
