/**
 * The SDK's HTTP handler on Deno's fetch. It reuses connections, uses proxies and limits the time of a whole
 * attempt, including the body.
 *
 * The SDK's own handler on node:http has no time limit for connecting and reading the body together. In Deno 2.7 its
 * next request fails after an answer with `Connection: close`.
 *
 * @module
 */
import { type HttpRequest, HttpResponse } from "@smithy/core/protocols";
import type { HttpHandlerOptions, RequestHandler } from "@smithy/types";
import { readAnswer, type Runtime, timeLimit as limited } from "../../runtime.ts";
import { UnreachableError } from "../errors.ts";

/** The largest answer of AWS, in bytes. A page of 1,000 instances has about 6 MB. */
const LARGEST_ANSWER = 32 * 2 ** 20;

/** A request handler for the SDK. `destroy` closes the connections. */
export interface FetchHandler extends RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> {
  readonly destroy: () => void;
  readonly updateHttpClientConfig: () => void;
  readonly httpHandlerConfigs: () => Record<string, never>;
}

/**
 * Creates a handler. An attempt that takes longer than `timeLimit` ms fails with {@linkcode UnreachableError}.
 * `signal` aborts every attempt.
 */
export function fetchHandler(
  timeLimit: number,
  { clock, fetch }: Pick<Runtime, "clock" | "fetch">,
  signal?: AbortSignal,
): FetchHandler {
  let client: Deno.HttpClient | undefined;

  async function handle(request: HttpRequest, { abortSignal }: HttpHandlerOptions = {}) {
    // AWS's classic endpoints support only HTTP/1.1.
    client ??= Deno.createHttpClient({ http2: false });
    const url = addressOf(request);
    const stop = new AbortController();
    using limit = limited(clock, timeLimit);
    const callers = [abortSignal as AbortSignal | undefined, signal].filter((it) => it !== undefined);
    const onAbort = () => stop.abort();
    for (const ending of [...callers, limit.signal]) {
      ending.addEventListener("abort", onAbort, { once: true });
    }
    try {
      for (const caller of callers) caller.throwIfAborted();
      const response = await fetch(url, {
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        redirect: "manual",
        signal: stop.signal,
        client,
      });
      return {
        response: new HttpResponse({
          statusCode: response.status,
          reason: response.statusText,
          headers: Object.fromEntries(response.headers),
          body: await readAnswer(response, LARGEST_ANSWER),
        }),
      };
    } catch (cause) {
      const caller = callers.find(({ aborted }) => aborted);
      if (caller !== undefined) throw aborted(caller);
      if (!stop.signal.aborted) throw unreachable(url, cause);
      throw new UnreachableError(`no answer from ${url.origin} within ${timeLimit / 1_000} s`, {
        hint: "check the network, its firewalls and HTTPS_PROXY",
      });
    } finally {
      for (const caller of callers) caller.removeEventListener("abort", onAbort);
    }
  }

  return {
    metadata: { handlerProtocol: "http/1.1" },
    handle,
    destroy: () => {
      client?.close();
      client = undefined;
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
}

function addressOf({ protocol, hostname, port, path, query }: HttpRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const text of [value ?? ""].flat()) url.searchParams.append(name, text);
  }
  return url;
}

/**
 * Returns the error for an aborted request, in the form that the SDK's own handlers use. The SDK does not retry an
 * error with this name.
 */
function aborted(signal: AbortSignal): Error {
  return new DOMException(signal.reason instanceof Error ? signal.reason.message : "Aborted", "AbortError");
}

/** Failures by the message of fetch's error: only the message tells them apart. */
const FAILURES: readonly (readonly [message: RegExp, reason: string, hint: string])[] = [
  [
    /connection refused/i,
    "connection refused",
    "check --endpoint-url, and the proxy if HTTPS_PROXY names one",
  ],
  [
    /dns error/i,
    "the host name cannot be resolved",
    "check the spelling of --region and --endpoint-url, and this machine's DNS",
  ],
  [
    /proxy authentication required/i,
    "the proxy requires a user and a password",
    "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
  ],
  [/tunnel/i, "the proxy refused the connection", "allow the host in the proxy, or add it to NO_PROXY"],
  [
    /certificate.*(expired|not.?yet)/i,
    "the TLS certificate has expired or is not valid yet",
    "check this machine's clock",
  ],
  [
    /certificate/i,
    "the TLS certificate is not trusted",
    "set DENO_TLS_CA_STORE=system to trust this machine's certificate authorities too, for example a proxy's",
  ],
  [/answer is larger/i, "the answer is larger than any of AWS", "check --endpoint-url and any proxy"],
  [/corrupt message/i, "the server does not use TLS", "use http:// instead of https:// in --endpoint-url"],
  [/tls|handshake/i, "the TLS handshake failed", "check --endpoint-url and any proxy"],
  [
    /connection (reset|closed)|broken pipe|unexpected eof|incomplete|reading a body/i,
    "the connection broke",
    "check whether AWS carried out the request, then repeat the command",
  ],
  [/unreachable/i, "the network is unreachable", "check this machine's network"],
];

function unreachable({ origin }: URL, cause: unknown): UnreachableError {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const { message } = error;
    const [, reason, hint] = FAILURES.find(([pattern]) => pattern.test(message)) ?? [];
    if (reason !== undefined) {
      return new UnreachableError(`cannot reach ${origin}: ${reason}`, { cause, hint });
    }
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return new UnreachableError(`cannot reach ${origin}: ${message}`, { cause });
}
