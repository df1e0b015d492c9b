/**
 * An HTTP server that starts again after a failure. `Deno.serve` ends when it cannot accept a connection, for example because the
 * process has no file descriptor left. The listener then closes all connections and starts a new server on the same port. SNS
 * retries the interrupted requests.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { serveHttp } from "../../process/http/serve.ts";
import { realClock } from "../../runtime.ts";
import { UnusableError } from "../store/folder/unusable.ts";

/** A running HTTP server. Its disposal stops the server, and waits up to 5 s until open requests have ended. */
export interface Listener extends AsyncDisposable {
  readonly addr: Deno.NetAddr;
}

/** How long the listener waits for open requests when it stops, in ms. */
const SHUTDOWN = 5_000;

/** How long the listener waits after a failure before it starts a new server, in ms. */
const RESTART_PAUSE = 200;

const log = getLogger(["kas", "autoscaler"]);
const requests = getLogger(["kas", "http"]);

/**
 * Starts the server.
 *
 * @throws {UnusableError} if the port cannot be used
 */
export function listen(
  at: { readonly hostname: string; readonly port: number },
  handle: (request: Request) => Promise<Response>,
): Listener {
  const stopping = new AbortController();
  let current: Serving;
  try {
    current = serve(at, handle);
  } catch (cause) {
    const message = `Cannot listen on ${at.hostname}:${at.port}: ${(cause as Error).message}`;
    throw new UnusableError(message, "--listen HOST:PORT", { cause });
  }
  const { addr } = current.server;

  const restart = async (failed: Serving): Promise<Serving> => {
    while (!stopping.signal.aborted) {
      try {
        await realClock.sleep(RESTART_PAUSE, stopping.signal);
        return serve({ hostname: at.hostname, port: addr.port }, handle);
      } catch (error) {
        if (!stopping.signal.aborted) {
          log.error("endpoint cannot listen, retrying", { reason: (error as Error).message });
        }
      }
    }
    return failed;
  };
  const kept = (async () => {
    while (!stopping.signal.aborted) {
      try {
        return await current.server.finished;
      } catch (error) {
        log.error("accepting a connection failed, closing all connections and listening again", {
          reason: (error as Error).message,
        });
        current.close.abort();
      }
      current = await restart(current);
    }
  })();

  return {
    addr,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, SHUTDOWN);
      // Do not shut down a server that has failed: its connections are already closed.
      const closed = current.close.signal.aborted ? undefined : current.server.shutdown();
      await Promise.race([Promise.all([closed, kept]), late.promise]);
      clearTimeout(timer);
    },
  };
}

/** One of the servers that the listener starts one after another. */
interface Serving {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  /** Closes the connections of the server. */
  readonly close: AbortController;
}

function serve(
  at: { readonly hostname: string; readonly port: number },
  handle: (request: Request) => Promise<Response>,
): Serving {
  const close = new AbortController();
  const onFailure = (error: unknown) =>
    requests.error("request failed", { reason: error instanceof Error ? error.message : String(error) });
  return { close, server: serveHttp({ ...at, signal: close.signal, onFailure }, handle) };
}
