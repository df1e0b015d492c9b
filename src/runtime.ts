/**
 * The clock, randomness, network and disk that kas uses. Tests on virtual time pass their own runtime.
 *
 * @module
 */

/** The clock, randomness, network and disk that kas uses. */
export interface Runtime {
  readonly clock: Clock;
  /** Returns a random number from 0 to below 1. */
  readonly random: () => number;
  readonly fetch: typeof fetch;
  /** {@linkcode fetchDirect} */
  readonly fetchDirect: typeof fetch;
  /** Resolves once everything that was written to a file is on the disk. */
  readonly sync: (file: Deno.FsFile) => Promise<void>;
}

/**
 * A clock. The time of day of a machine can be set forwards and back, so it is used only for what is written down.
 * Durations and deadlines use `elapsed`, which nobody can set.
 */
export interface Clock {
  /** The time of day, in ms since the epoch. */
  now(): number;
  /** The time in ms since a fixed moment in the life of this process. */
  elapsed(): number;
  /** Resolves after a duration in ms. Rejects with the signal's reason when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the real machine. */
export const realClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", end);
        resolve();
      }, ms);
      signal?.addEventListener("abort", end, { once: true });
    }),
};

/**
 * Fetches without a proxy, whatever HTTP_PROXY and ALL_PROXY say. For health checks of instances: a proxy does not
 * reach their private addresses, and one that answers 200 would make every instance pass.
 *
 * Only an https URL still uses the proxy, which cannot forge its answer.
 */
export async function fetchDirect(input: Request | URL | string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, init);
  const { protocol, hostname, port } = new URL(request.url);
  if (protocol !== "http:") return await fetch(request);
  // Deno takes the proxy of the environment only for addresses without a proxy of their own: this one is the host.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  using client = Deno.createHttpClient({
    proxy: { transport: "tcp", hostname: host, port: Number(port || 80) },
  });
  return await fetch(request, { client });
}

/** The runtime of the real machine. */
export const realRuntime: Runtime = {
  clock: realClock,
  random: () => Math.random(),
  fetch: (input, init) => fetch(input, init),
  fetchDirect,
  sync: (file) => file.syncData(),
};

/** A time limit of an operation. */
export interface TimeLimit extends Disposable {
  /** The signal that is aborted with a `TimeoutError` when the time is over. */
  readonly signal: AbortSignal;
}

/** Starts a time limit of so many ms. Disposing of it before the time is over keeps its signal from being aborted. */
export function timeLimit(clock: Clock, ms: number): TimeLimit {
  const over = new AbortController();
  const ended = new AbortController();
  clock.sleep(ms, ended.signal).then(
    () => over.abort(new DOMException(`It took longer than ${ms / 1_000} s`, "TimeoutError")),
    () => {},
  );
  return { signal: over.signal, [Symbol.dispose]: () => ended.abort() };
}
