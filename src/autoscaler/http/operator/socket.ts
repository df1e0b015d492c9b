/**
 * Listens on the autoscaler's Unix socket in the state folder. Only root and the autoscaler's user can connect to it.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";

/** The bits of a file mode that the socket does not have: only its owner may connect. */
const MASK = 0o177;

/** How long kas waits for open requests when it stops, in ms. */
const SHUTDOWN = 5_000;

const log = getLogger(["kas", "operator"]);

/**
 * Serves requests at a path. If kas cannot listen there, for example because the path is longer than 107 bytes, it logs an error
 * and returns undefined: the autoscaler can scale without the socket.
 */
export function listenAtSocket(
  path: string,
  handle: (request: Request) => Promise<Response>,
): AsyncDisposable | undefined {
  let server: Deno.HttpServer;
  try {
    // An earlier autoscaler may have left its socket. It does not run any more, because this process has locked the folder.
    removeSocket(path);
    server = serve(path, handle);
  } catch (error) {
    log.error("cannot listen for commands of operators", { path, reason: (error as Error).message });
    return undefined;
  }
  const ended = server.finished.catch((error: Error) => {
    log.error("stopped listening for commands of operators; a restart of the autoscaler listens again", {
      path,
      reason: error.message,
    });
  });
  return {
    [Symbol.asyncDispose]: async () => {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, SHUTDOWN);
      await Promise.race([Promise.all([server.shutdown(), ended]), late.promise]);
      clearTimeout(timer);
    },
  };
}

function serve(path: string, handle: (request: Request) => Promise<Response>): Deno.HttpServer {
  // Set the mode when the socket is created. If kas set it later, other users could connect in between.
  const before = Deno.umask(MASK);
  try {
    return Deno.serve({ path, onListen: () => {} }, handle);
  } finally {
    Deno.umask(before);
  }
}

/** Removes a socket. Throws an error if something else is at the path. */
function removeSocket(path: string): void {
  try {
    if (!Deno.lstatSync(path).isSocket) throw new Error("the file there is not a socket");
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
