/**
 * Sends requests to generate load: with clients that each wait for a response before the next request, or at a fixed rate.
 *
 * @module
 */
import { failureReason } from "../../../runtime.ts";
import { realTimer, type Timer } from "./timer.ts";

/** Sends one request and returns whether the response had status 200. Rejects only if the signal aborts. */
export type SendRequest = (signal: AbortSignal) => Promise<boolean>;

/** Callback after each request, with the request's latency in ms and whether the response had status 200. */
export type OnRequestEnd = (ms: number, ok: boolean) => void;

/** Minimum pause of a client after a failed request, in ms. Without a pause, clients would flood a server that rejects requests. */
const PAUSE_AFTER_ERROR = 100;

/** Maximum number of idle connections to one host. */
const IDLE_CONNECTIONS = 1_024;

/** Sends GET requests over persistent connections. The disposal closes the connections. */
export class HttpGetter implements Disposable {
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: IDLE_CONNECTIONS });
  /** The numbers of failed requests, by the HTTP status, or by the reason if there was no response. */
  readonly #failures = new Map<string, number>();

  constructor(readonly url: string) {}

  /** Sends one request. */
  readonly send: SendRequest = async (signal) => {
    try {
      const response = await fetch(this.url, { client: this.#client, signal });
      await response.arrayBuffer();
      return response.status === 200 || this.#fail(`HTTP status ${response.status}`);
    } catch (error) {
      if (signal.aborted) throw error;
      return this.#fail(failureReason(error));
    }
  };

  /** The failures so far as text. The most frequent one is first: `118 × HTTP status 404, 2 × connection refused`. Empty without failures. */
  get failures(): string {
    const sorted = [...this.#failures].sort(([, a], [, b]) => b - a);
    return sorted.map(([what, times]) => `${times} × ${what}`).join(", ");
  }

  #fail(what: string): false {
    this.#failures.set(what, (this.#failures.get(what) ?? 0) + 1);
    return false;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Options of a load client. */
export interface ClientOptions {
  readonly send: SendRequest;
  /** Pause of a client between a response and the next request, in ms. */
  readonly think: number;
  readonly onRequestEnd: OnRequestEnd;
  /** Signal that ends the client immediately, even during a request. */
  readonly signal: AbortSignal;
  readonly timer?: Timer;
}

/** A set of clients with names. Each client sends a request, waits for the response, pauses, and starts again. */
export class ClientPool {
  readonly #options: ClientOptions;
  readonly #clients = new Map<string, { readonly stop: AbortController; readonly stopped: Promise<void> }>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Names of the running clients. */
  get names(): readonly string[] {
    return [...this.#clients.keys()];
  }

  /** Starts and stops clients, so that exactly the named clients run. Resolves when each stopped client has its last response. */
  async setClients(names: readonly string[]): Promise<void> {
    const surplus = [...this.#clients].filter(([name]) => !names.includes(name));
    for (const name of names) {
      if (this.#clients.has(name)) continue;
      const stop = new AbortController();
      this.#clients.set(name, { stop, stopped: runClient(this.#options, stop.signal) });
    }
    for (const [name, { stop }] of surplus) {
      this.#clients.delete(name);
      stop.abort();
    }
    await Promise.all(surplus.map(([, { stopped }]) => stopped));
  }
}

/** Runs one client until `stop` aborts. A client in a request ends after the response. A client in a pause ends immediately. */
async function runClient(options: ClientOptions, stop: AbortSignal): Promise<void> {
  const { send, think, onRequestEnd, signal, timer = realTimer } = options;
  const end = AbortSignal.any([stop, signal]);
  let delay = 0;
  while (!end.aborted) {
    const start = timer.now();
    const ok = await sendUnlessAborted(send, signal);
    if (ok === undefined) return;
    const answered = timer.now();
    onRequestEnd(answered - start, ok);
    // A timer may fire late. The next pause is shorter by this delay, so that the average pause is as configured.
    const pause = Math.max(0, (ok ? think : Math.max(think, PAUSE_AFTER_ERROR)) - delay);
    await timer.wait(pause, end);
    delay = Math.max(0, timer.now() - answered - pause);
  }
}

/** Sends a request. Returns undefined if the signal aborted the request. */
async function sendUnlessAborted(send: SendRequest, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    return await send(signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Options of {@linkcode sendAtRate}. */
export interface RateOptions extends Omit<ClientOptions, "think"> {
  /** Number of requests per second. */
  readonly rate: number;
  /** Signal that stops new requests. Requests in progress continue until their response. */
  readonly stop: AbortSignal;
}

/**
 * Sends requests at a fixed rate, without waiting for the responses to earlier requests. The latency of a request is measured from
 * the time at which the request was due. Therefore the latencies also include delays of this process: there is no coordinated
 * omission.
 */
export async function sendAtRate(options: RateOptions): Promise<void> {
  const { send, rate, onRequestEnd, stop, signal, timer = realTimer } = options;
  const end = AbortSignal.any([stop, signal]);
  const start = timer.now();
  const inFlight = new Set<Promise<void>>();
  const sendOne = async (due: number): Promise<void> => {
    const ok = await sendUnlessAborted(send, signal);
    if (ok !== undefined) onRequestEnd(timer.now() - due, ok);
  };
  for (let n = 0; !end.aborted; n++) {
    const due = start + (n * 1_000) / rate;
    const early = due - timer.now();
    if (early > 0) await timer.wait(early, end);
    if (end.aborted) break;
    const request = sendOne(due);
    inFlight.add(request);
    void request.finally(() => inFlight.delete(request));
  }
  await Promise.all(inFlight);
}
