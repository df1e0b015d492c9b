/**
 * The HTTP server of Deno, which reports its failures to its caller.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/** Where and how to serve. */
export interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  /** Closes the server and its connections. */
  readonly signal: AbortSignal;
  /** Called with each error that is answered with 500. It must not block. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Starts an HTTP server. Without an `onError` Deno would write the error and its stack to stderr synchronously, and a reader that does not
 * read would halt the process.
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
