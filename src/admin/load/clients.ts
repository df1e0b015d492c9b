/**
 * Clients of a worker: those that wait for their answer and think, and those that come at a fixed rate whatever happens.
 *
 * @module
 */

/** Sends one request; false if it was not answered 200. Rejects only when the signal aborts. */
export type SendRequest = (signal: AbortSignal) => Promise<boolean>;

/** Told of a request that has ended: how long it took (ms) and whether it was answered 200. */
export type OnRequestEnd = (ms: number, ok: boolean) => void;

/** The time, and waiting for it; the machine's own by default. */
export interface Timer {
  /** ms. */
  now(): number;
  /** Resolves after `ms`, or as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Shortest pause of a client whose request failed, ms: a server that is down is not stormed. */
const PAUSE_AFTER_ERROR = 100;

/** The machine's time. */
export const realTimer: Timer = {
  now: () => performance.now(),
  wait: (ms, signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal.aborted) return Promise.resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    return promise;
  },
};

/** GETs a URL over kept-alive connections; disposing of it closes them. */
export class HttpGetter implements Disposable {
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 1_024 });

  constructor(readonly url: string) {}

  /** See {@linkcode SendRequest}. */
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

/** What a client does. */
export interface ClientOptions {
  readonly send: SendRequest;
  /** Pause between an answer and the next request, ms. */
  readonly think: number;
  readonly onRequestEnd: OnRequestEnd;
  /** Ends the client at once, its request under way included. */
  readonly signal: AbortSignal;
  readonly timer?: Timer;
}

/** Clients by name, each of which asks, waits for the answer, thinks, and asks again, until it leaves. */
export class ClientPool {
  readonly #options: ClientOptions;
  readonly #clients = new Map<string, { readonly leave: AbortController; readonly gone: Promise<void> }>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Who is there. */
  get names(): readonly string[] {
    return [...this.#clients.keys()];
  }

  /** Lets clients come and go until exactly these are there; resolves once those that leave have got their last answers. */
  async setClients(names: readonly string[]): Promise<void> {
    const leaving = [...this.#clients].filter(([name]) => !names.includes(name));
    for (const name of names) {
      if (this.#clients.has(name)) continue;
      const leave = new AbortController();
      this.#clients.set(name, { leave, gone: client(this.#options, leave.signal) });
    }
    for (const [name, { leave }] of leaving) {
      this.#clients.delete(name);
      leave.abort();
    }
    await Promise.all(leaving.map(([, { gone }]) => gone));
  }
}

/** One client: leaves after its answer, or out of its thoughts. */
async function client(options: ClientOptions, leave: AbortSignal): Promise<void> {
  const { send, think, onRequestEnd: count, signal, timer = realTimer } = options;
  const end = AbortSignal.any([leave, signal]);
  let late = 0;
  while (!end.aborted) {
    const begin = timer.now();
    const ok = await settled(send, signal);
    if (ok === undefined) return;
    const answered = timer.now();
    count(answered - begin, ok);
    // A timer fires a little late, and the next one that much earlier: the pace stays right on the whole.
    const pause = Math.max(0, (ok ? think : Math.max(think, PAUSE_AFTER_ERROR)) - late);
    await timer.wait(pause, end);
    late = Math.max(0, timer.now() - answered - pause);
  }
}

/** Sends; undefined if it was ended before its answer. */
async function settled(send: SendRequest, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    return await send(signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** What arrivals at a fixed rate need. */
export interface RateOptions extends Omit<ClientOptions, "think"> {
  /** Arrivals a second. */
  readonly rate: number;
  /** No more arrivals from here on; those under way get their answers. */
  readonly stop: AbortSignal;
}

/**
 * Requests at a fixed rate, whether or not earlier ones are answered. Each one's latency counts from when it was due, so
 * that a server, or a generator, that falls behind shows in the figures (no coordinated omission).
 */
export async function sendAtRate(options: RateOptions): Promise<void> {
  const { send, rate, onRequestEnd: count, stop: leave, signal, timer = realTimer } = options;
  const end = AbortSignal.any([leave, signal]);
  const begin = timer.now();
  const inProgress = new Set<Promise<void>>();
  const arrive = async (due: number): Promise<void> => {
    const ok = await settled(send, signal);
    if (ok !== undefined) count(timer.now() - due, ok);
  };
  for (let n = 0; !end.aborted; n++) {
    const due = begin + (n * 1_000) / rate;
    const early = due - timer.now();
    if (early > 0) await timer.wait(early, end);
    if (end.aborted) break;
    const request = arrive(due);
    inProgress.add(request);
    void request.finally(() => inProgress.delete(request));
  }
  await Promise.all(inProgress);
}
