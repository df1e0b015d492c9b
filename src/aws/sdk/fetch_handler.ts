/**
 * The SDK's way to the network, over Deno's own fetch: connections are reused, proxies honoured, and the whole attempt is
 * bounded in time, the answer's body included. (The SDK's node:http handler bounds neither connect and body together, nor
 * survives a server that answers `Connection: close` in Deno 2.7.)
 *
 * @module
 */
import { type HttpRequest, HttpResponse } from "@smithy/core/protocols";
import type { HttpHandlerOptions, RequestHandler } from "@smithy/types";
import { type Runtime, timeLimit as limited } from "../../runtime.ts";
import { UnreachableError } from "../errors.ts";

/** A request handler of the SDK. Its `destroy` closes the connections. */
export interface FetchHandler extends RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> {
  readonly destroy: () => void;
  readonly updateHttpClientConfig: () => void;
  readonly httpHandlerConfigs: () => Record<string, never>;
}

/** Makes a handler whose attempts may take `timeLimit` ms each; beyond that they fail with {@linkcode UnreachableError}. `signal` ends all of them. */
export function fetchHandler(
  timeLimit: number,
  { clock, fetch }: Pick<Runtime, "clock" | "fetch">,
  signal?: AbortSignal,
): FetchHandler {
  let client: Deno.HttpClient | undefined;

  async function handle(request: HttpRequest, { abortSignal }: HttpHandlerOptions = {}) {
    // AWS's classic endpoints speak HTTP/1.1 alone.
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
          body: await response.bytes(),
        }),
      };
    } catch (cause) {
      const caller = callers.find(({ aborted }) => aborted);
      if (caller !== undefined) throw aborted(caller);
      if (!stop.signal.aborted) throw unreachable(url, cause);
      throw new UnreachableError(`no answer from ${url.origin} within ${timeLimit / 1_000} s`, {
        hint: "check the network, what filters it, and HTTPS_PROXY; then again",
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

/** As the SDK's own handlers tell of it: by the name alone a retry is ruled out. */
function aborted(signal: AbortSignal): Error {
  return new DOMException(signal.reason instanceof Error ? signal.reason.message : "Aborted", "AbortError");
}

/** What went wrong on the way, by what fetch says of it in words alone, and what mends it. */
const REASONS: readonly (readonly [said: RegExp, reason: string, hint: string])[] = [
  [
    /connection refused/i,
    "connection refused",
    "check --endpoint-url, and the proxy if HTTPS_PROXY names one",
  ],
  [
    /dns error/i,
    "its name cannot be resolved",
    "check --region and --endpoint-url for a misspelling, and the DNS here",
  ],
  [
    /proxy authentication required/i,
    "the proxy wants a user and a password",
    "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
  ],
  [/tunnel/i, "the proxy refused the way there", "have the proxy allow it, or except it with NO_PROXY"],
  [
    /certificate.*(expired|not.?yet)/i,
    "its TLS certificate is not of this time",
    "check this machine's clock",
  ],
  [
    /certificate/i,
    "its TLS certificate is not trusted",
    "DENO_TLS_CA_STORE=system trusts this machine's authorities too, a proxy's for one",
  ],
  [/corrupt message/i, "it does not speak TLS", "--endpoint-url with http:// instead of https://"],
  [/tls|handshake/i, "the TLS handshake broke", "check --endpoint-url, and what stands in between"],
  [
    /connection (reset|closed)|broken pipe|unexpected eof|incomplete|reading a body/i,
    "the connection broke",
    "again; what was asked for may have been done all the same",
  ],
  [/unreachable/i, "the network is unreachable", "check this machine's network"],
];

function unreachable({ origin }: URL, cause: unknown): UnreachableError {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const { message } = error;
    const [, reason, hint] = REASONS.find(([said]) => said.test(message)) ?? [];
    if (reason !== undefined) {
      return new UnreachableError(`cannot reach ${origin}: ${reason}`, { cause, hint });
    }
  }
  const said = cause instanceof Error ? cause.message : String(cause);
  return new UnreachableError(`cannot reach ${origin}: ${said}`, { cause });
}
