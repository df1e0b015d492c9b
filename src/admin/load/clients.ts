/**
 * Load clients: a pool of clients that each wait for their answers, and requests at a fixed rate.
 *
 * @module
 */
import { realTimer, type Timer } from "./timer.ts";

/** Sends one request and returns whether the response had status 200. Rejects only when the signal aborts. */
export type SendRequest = (signal: AbortSignal) => Promise<boolean>;

/** Called after each request with its latency in ms, and whether the response had status 200. */
export type OnRequestEnd = (ms: number, ok: boolean) => void;

/** The shortest pause of a client after a failed request, in ms. The pause protects a server that is down. */
const PAUSE_AFTER_ERROR = 100;

/** The maximum number of idle connections to one host. */
const IDLE_CONNECTIONS = 1_024;

/** Sends GET requests over persistent connections. Disposing of it closes them. */
export class HttpGetter implements Disposable {
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: IDLE_CONNECTIONS });

  constructor(readonly url: string) {}

  /** Sends one request. */
  readonly send: SendRequest = async (signal) => {
    try {
      const response = await fetch(this.url, { client: this.#client, signal });
      await response.arrayBuffer();
      return response.status === 200;
    } catch (error) {
      if (signal.aborted) throw error;
      return false;
    }
  };

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Options of a load client. */
export interface ClientOptions {
  readonly send: SendRequest;
  /** Pause between an answer and the next request, in ms. */
  readonly think: number;
  readonly onRequestEnd: OnRequestEnd;
  /** Ends the client immediately, even during a request. */
  readonly signal: AbortSignal;
  readonly timer?: Timer;
}

/** Clients by name. Each of them sends a request, waits for the answer, pauses, and repeats. */
export class ClientPool {
  readonly #options: ClientOptions;
  readonly #clients = new Map<string, { readonly stop: AbortController; readonly stopped: Promise<void> }>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The running clients. */
  get names(): readonly string[] {
    return [...this.#clients.keys()];
  }

  /** Starts and stops clients until exactly these run. Resolves when the stopped ones have their last answers. */
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

/** Runs one client until `stop` aborts: it ends after its answer, or during its pause. */
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
    // Timers fire late. Shorten the next pause by this delay, so that the average pace is right.
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

/** Options of sending requests at a fixed rate. */
export interface RateOptions extends Omit<ClientOptions, "think"> {
  /** The number of requests per second. */
  readonly rate: number;
  /** Stops sending requests. Requests in progress still get their answers. */
  readonly stop: AbortSignal;
}

/**
 * Sends requests at a fixed rate, whether or not earlier ones are answered. A request's latency counts from when it was due, so
 * that the figures show a server, or a generator, that falls behind (no coordinated omission).
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
