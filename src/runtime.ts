/**
 * The clock, randomness, network and disk that kas uses. Tests on virtual time pass their own runtime.
 *
 * @module
 */
import type { ServiceRequest } from "./process/direct.ts";
import type { ServiceConnection } from "./process/kept_connection.ts";

/** The clock, randomness, network and disk that kas uses. */
export interface Runtime {
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly fetch: typeof fetch;
  /** Requests a URL of a service without a proxy and without verification of the certificate: see {@link ./process/direct.ts}. */
  readonly fetchService: (url: string, request: ServiceRequest) => Promise<Response>;
  /** Returns a connection to a service that stays open between requests: see {@link ./process/kept_connection.ts}. */
  readonly keepConnection: (origin: string) => Promise<ServiceConnection>;
  /** Opens a TCP connection to a port of a host without a proxy, and closes it. */
  readonly connect: (host: string, port: number, signal: AbortSignal) => Promise<void>;
  /** Waits until the disk has all data that was written to a file. */
  readonly sync: (file: Deno.FsFile) => Promise<void>;
}

/**
 * A clock. NTP or an operator can set the time of day of a machine forwards and back. Therefore kas uses `now` only for
 * timestamps, and `elapsed` for durations and deadlines.
 */
export interface Clock {
  /** Returns the time of day in ms since the epoch. */
  now(): number;
  /** Returns the time in ms since a fixed moment in the life of this process. This time never runs backwards. */
  elapsed(): number;
  /** Waits for a duration in ms. Rejects with the signal's reason when the signal aborts. */
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
 * Fetches an http URL of an autoscaler without the proxy of HTTP_PROXY or ALL_PROXY, which may not reach the autoscaler. The request is in
 * the form for proxies, which kas and nginx understand, but not every service.
 *
 * For an https URL this function uses the proxy, because a proxy cannot change the encrypted response.
 */
export async function fetchDirect(input: Request | URL | string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, init);
  const { protocol, hostname, port } = new URL(request.url);
  if (protocol !== "http:") return await fetch(request);
  // Deno ignores the environment's proxy if the client has its own proxy. The client's own "proxy" is the host itself.
  using client = Deno.createHttpClient({
    proxy: { transport: "tcp", hostname, port: Number(port || 80) },
  });
  return await fetch(request, { client });
}

/** The largest answer to a question that has a short answer, in bytes: `pong`, a status page's JSON or an error. */
export const SHORT_ANSWER = 4 * 2 ** 20;

/**
 * Reads the body of an answer. `fetch` decompresses it, so a small answer can become large without end.
 *
 * @throws {RangeError} if the body has more than `limit` bytes; reading stops there
 */
export async function readAnswer({ body }: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > limit) throw new RangeError(`the answer is larger than ${limit} bytes`);
    pieces.push(piece);
  }
  return await new Blob(pieces).bytes();
}

/** Reads the body of an answer as text: see {@linkcode readAnswer}. */
export async function readAnswerText(response: Response, limit: number): Promise<string> {
  return new TextDecoder().decode(await readAnswer(response, limit));
}

/** Returns why a request of `fetch` failed. Deno's message contains the whole URL, so only the part after it remains. */
export function failureOf(error: unknown): string {
  const { message, cause } = error as Error;
  const text = cause instanceof Error ? cause.message : message;
  return /\): (.*)$/s.exec(text)?.[1] ?? "the request failed";
}

/**
 * Returns why a request failed. The errors of fetch() have no codes, so this function searches the messages of the error and its
 * cause.
 */
export function failureReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const message = `${error} ${cause}`;
  if (/timeout|timed out|abort/i.test(message)) return "timeout";
  if (/refused/i.test(message)) return "connection refused";
  if (/dns|lookup|resolve/i.test(message)) return "its host name does not resolve";
  if (/unreachable|no route/i.test(message)) return "unreachable";
  // The Fetch standard forbids some ports: https://fetch.spec.whatwg.org/#port-blocking
  const [, port] = /port (\d+) are blocked/.exec(message) ?? [];
  if (port !== undefined) return `no HTTP client connects to port ${port}`;
  return "the connection broke";
}

/** The runtime of the real machine. */
export const realRuntime: Runtime = {
  clock: realClock,
  random: () => Math.random(),
  fetch: (input, init) => fetch(input, init),
  fetchService: async (url, request) =>
    await (await import("./process/direct.ts")).fetchService(url, request),
  keepConnection: async (origin) => new (await import("./process/kept_connection.ts")).KeptConnection(origin),
  connect: async (host, port, signal) => {
    await (await import("./process/direct.ts")).connect(host, port, signal);
  },
  sync: (file) => file.syncData(),
};

/** A time limit of an operation. */
export interface TimeLimit extends Disposable {
  /** Signal that aborts with a `TimeoutError` when the time is over. */
  readonly signal: AbortSignal;
}

/** Starts a time limit of `ms`. If the caller disposes of the limit before the time is over, the signal does not abort. */
export function timeLimit(clock: Clock, ms: number): TimeLimit {
  const over = new AbortController();
  const ended = new AbortController();
  clock.sleep(ms, ended.signal).then(
    () => over.abort(new DOMException(`timed out after ${ms / 1_000} s`, "TimeoutError")),
    () => {},
  );
  return { signal: over.signal, [Symbol.dispose]: () => ended.abort() };
}
