/**
 * The thread that owns the socket to systemd. It keeps the permission to write to it after the process drops its own.
 *
 * @module
 */
/** The first message to the thread: systemd's socket, and a path to bind to. */
export interface NotifyPaths {
  readonly socket: string;
  readonly own: string;
}

/** The thread's answer. Without an error it can send. */
export interface Opened {
  readonly error?: string;
}

/** The used part of a thread's global scope. TypeScript knows only the main thread's scope. */
interface ThreadScope {
  onmessage: ((event: MessageEvent<NotifyPaths | string>) => void) | null;
  postMessage(message: Opened): void;
}

/** Opens the socket, then sends each text message. */
function serve(scope: ThreadScope): void {
  let send = (_text: string): Promise<unknown> => Promise.resolve();
  let sent: Promise<unknown> = Promise.resolve();
  scope.onmessage = ({ data }) => {
    if (typeof data === "string") {
      // One at a time: Deno refuses two concurrent sends. An error is ignored: systemd may be re-executing, and more messages follow.
      sent = sent.then(() => send(data)).catch(() => {});
      return;
    }
    try {
      const socket = Deno.listenDatagram({ transport: "unixpacket", path: data.own });
      // A sender needs no path.
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
