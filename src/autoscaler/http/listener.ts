/**
 * Listens for requests, and goes on listening.
 *
 * Deno.serve ends for good when a connection can't be accepted, as it is when strangers hold more of them open than there
 * are file descriptors. Then all are closed and it begins anew: SNS sends again what was cut off.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { ExitError } from "../../cli/command.ts";
import { realClock } from "../control/clock.ts";

/** Where it listens; disposing of it ends it, and waits a while for the requests under way. */
export interface Listener extends AsyncDisposable {
  readonly addr: Deno.NetAddr;
}

/** How long requests under way are waited for at the end, ms. */
const SHUTDOWN = 5_000;

/** Pause before it listens anew, ms. */
const PAUSE = 200;

const log = getLogger(["kas", "autoscaler"]);

/**
 * Begins to listen.
 *
 * @throws {ExitError} if it can't
 */
export function listen(
  at: { readonly hostname: string; readonly port: number },
  handle: Deno.ServeHandler,
): Listener {
  const stopping = new AbortController();
  let current: Serving;
  try {
    current = serve(at, handle);
  } catch (cause) {
    const message = `Cannot listen on ${at.hostname}:${at.port}: ${(cause as Error).message}`;
    throw new ExitError(message, 1, "--listen HOST:PORT", { cause });
  }
  const { addr } = current.server;

  const anew = async (failed: Serving): Promise<Serving> => {
    while (!stopping.signal.aborted) {
      try {
        await realClock.sleep(PAUSE, stopping.signal);
        return serve({ hostname: at.hostname, port: addr.port }, handle);
      } catch (error) {
        if (!stopping.signal.aborted) log.error("cannot listen yet", { reason: (error as Error).message });
      }
    }
    return failed;
  };
  const kept = (async () => {
    while (!stopping.signal.aborted) {
      try {
        return await current.server.finished;
      } catch (error) {
        log.error("can accept no connection: closing all, to listen anew", {
          reason: (error as Error).message,
        });
        current.close.abort();
      }
      current = await anew(current);
    }
  })();

  return {
    addr,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, SHUTDOWN);
      // One that has failed is closed already.
      const closed = current.close.signal.aborted ? undefined : current.server.shutdown();
      await Promise.race([Promise.all([closed, kept]), late.promise]);
      clearTimeout(timer);
    },
  };
}

interface Serving {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  /** Cuts its connections off. */
  readonly close: AbortController;
}

function serve(at: { readonly hostname: string; readonly port: number }, handle: Deno.ServeHandler): Serving {
  const close = new AbortController();
  return { close, server: Deno.serve({ ...at, signal: close.signal, onListen: () => {} }, handle) };
}
