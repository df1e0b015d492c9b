/**
 * Starts Deno's HTTP server and reports the server's failures to the caller.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/** Address of the HTTP server, and its callbacks. */
export interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  /** Signal that closes the server and its connections. */
  readonly signal: AbortSignal;
  /** Callback for each error that causes a response with status 500. The callback must not block. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Starts an HTTP server. Without an `onError` handler, Deno would write each error and its stack to stderr synchronously. If no
 * process read stderr, this write would block kas.
 */
export function serveHttp(
  { hostname, port, signal, onFailure }: ServeOptions,
  handle: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({
    hostname,
    port,
    signal,
    onListen: () => {},
    onError: (error) => {
      onFailure(error);
      return new Response("internal error", {
        status: STATUS_CODE.InternalServerError,
        headers: { "content-type": "text/plain; charset=utf-8" },
      });
    },
  }, handle);
}
