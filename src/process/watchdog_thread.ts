/**
 * The thread that holds the socket to systemd: it is the one that may write to it after the process gave up its permissions.
 *
 * @module
 */
/** What the thread is told first: the socket's path, and one to bind to. */
export interface NotifyPaths {
  readonly socket: string;
  readonly own: string;
}

/** What it answers once it can send, or why it can't. */
export interface Opened {
  readonly error?: string;
}

/** The part of a thread's global scope that is used here; the compiler's own types are those of the main thread. */
interface ThreadScope {
  onmessage: ((event: MessageEvent<NotifyPaths | string>) => void) | null;
  postMessage(message: Opened): void;
}

/** Opens the socket, and then sends each text that comes. */
function serve(scope: ThreadScope): void {
  let send = (_text: string): Promise<unknown> => Promise.resolve();
  let sent: Promise<unknown> = Promise.resolve();
  scope.onmessage = ({ data }) => {
    if (typeof data === "string") {
      // One after the other, as Deno refuses two at once. systemd may be executing itself anew: another text will follow.
      sent = sent.then(() => send(data)).catch(() => {});
      return;
    }
    try {
      const socket = Deno.listenDatagram({ transport: "unixpacket", path: data.own });
      // A sender needs no name.
      Deno.removeSync(data.own);
      const encoder = new TextEncoder();
      send = (text) => socket.send(encoder.encode(text), { transport: "unixpacket", path: data.socket });
      scope.postMessage({});
    } catch (error) {
      scope.postMessage({ error: error instanceof Error ? error.message : String(error) });
    }
  };
}

if ("WorkerGlobalScope" in globalThis) serve(globalThis as unknown as ThreadScope);
