/**
 * The SDK's way to the network, over Deno's own fetch: connections are reused, proxies honoured, and the whole attempt is
 * bounded in time, the answer's body included. (The SDK's node:http handler bounds neither connect and body together, nor
 * survives a server that answers `Connection: close` in Deno 2.7.)
 *
 * @module
 */
import { type HttpRequest, HttpResponse } from "@smithy/core/protocols";
import type { HttpHandlerOptions, RequestHandler } from "@smithy/types";
import { UnreachableError } from "../errors.ts";

/** A request handler of the SDK. Its `destroy` closes the connections. */
export interface FetchHandler extends RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> {
  readonly destroy: () => void;
  readonly updateHttpClientConfig: () => void;
  readonly httpHandlerConfigs: () => Record<string, never>;
}

/** Makes a handler whose attempts may take `timeLimit` ms each; beyond that they fail with {@linkcode UnreachableError}. */
export function fetchHandler(timeLimit: number): FetchHandler {
  let client: Deno.HttpClient | undefined;

  async function handle(request: HttpRequest, { abortSignal }: HttpHandlerOptions = {}) {
    // AWS's classic endpoints speak HTTP/1.1 alone.
    client ??= Deno.createHttpClient({ http2: false });
    const url = addressOf(request);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeLimit);
    const caller = abortSignal as AbortSignal | undefined;
    const onAbort = () => stop.abort();
    caller?.addEventListener("abort", onAbort, { once: true });
    try {
      caller?.throwIfAborted();
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
      if (caller?.aborted) throw aborted(caller);
      throw stop.signal.aborted
        ? new UnreachableError(`no answer from ${url.origin} within ${timeLimit / 1_000} s`)
        : new UnreachableError(`cannot reach ${url.origin}: ${why(cause)}`, { cause });
    } finally {
      clearTimeout(timer);
      caller?.removeEventListener("abort", onAbort);
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

/** The part of fetch's message that says what went wrong. */
function why(cause: unknown): string {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (/connection refused/i.test(error.message)) return "connection refused";
    if (/dns error/i.test(error.message)) return "its name cannot be resolved";
    if (/certificate|tls|handshake/i.test(error.message)) {
      return "its TLS certificate or handshake was refused";
    }
    if (
      /connection (reset|closed)|broken pipe|unexpected eof|incomplete|reading a body/i.test(error.message)
    ) {
      return "the connection broke";
    }
    if (/unreachable/i.test(error.message)) return "the network is unreachable";
  }
  return cause instanceof Error ? cause.message : String(cause);
}
