/**
 * Delivers SNS messages to HTTP endpoints, and repeats failed deliveries according to the delivery policy.
 *
 * Source: SNS developer guide, "HTTP/HTTPS notifications". An attempt fails if there is no response within 15 s, or if the
 * status is outside the range 200 to 499. Therefore SNS does not repeat a delivery after a status 4xx.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { HttpPost } from "./message.ts";

/** Timeout of a delivery attempt in ms of sandbox time. */
const TIMEOUT = 15_000;

/** Minimum timeout in ms of real time, because a faster sandbox does not make the endpoint faster. */
const REAL_TIMEOUT = 5_000;

/** Maximum number of deliveries in progress, to bound memory. The sandbox drops further deliveries. */
const MAX_IN_PROGRESS = 10_000;

/** The deliveries of SNS messages in progress. Disposal aborts all deliveries. */
export class Deliveries implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #onAttempt: () => void;
  readonly #inProgress = new Set<Promise<void>>();
  readonly #aborted = new AbortController();

  /** @param onAttempt called before each attempt to deliver a message */
  constructor(clock: Clock, network: typeof fetch = fetch, onAttempt: () => void = () => {}) {
    this.#clock = clock;
    this.#fetch = network;
    this.#onAttempt = onAttempt;
  }

  /**
   * Starts a delivery. Resolves after the first attempt, with true if the endpoint responded and false if not.
   *
   * @param delays the delay before each retry in seconds
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

  /** Aborts all deliveries and waits until all deliveries have ended. */
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

  /** Sends the message to the endpoint once. Returns the HTTP status of the response, or undefined without a response. */
  async #attempt(url: string, { headers, body }: HttpPost): Promise<number | undefined> {
    this.#onAttempt();
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
      // The endpoint refused or closed the connection, or the attempt timed out.
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

/** Returns whether the status of an attempt ends the delivery. A status 4xx ends the delivery without success. */
function isOver(status: number | undefined): boolean {
  return status !== undefined && status < 500;
}
