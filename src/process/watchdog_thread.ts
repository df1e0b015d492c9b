/**
 * The code of the thread that sends messages to systemd. When the process drops its permissions, this thread keeps the permission
 * to
 * write to systemd's socket.
 *
 * @module
 */
/** The first message to the thread: the path of systemd's socket, and the path to which the thread binds its own socket. */
export interface NotifyPaths {
  readonly socket: string;
  readonly own: string;
}

/** The thread's response to the first message. Without an error, the thread can send messages to systemd. */
export interface Opened {
  readonly error?: string;
}

/** The parts of a thread's global scope that this module uses. TypeScript knows only the main thread's scope. */
interface ThreadScope {
  onmessage: ((event: MessageEvent<NotifyPaths | string>) => void) | null;
  postMessage(message: Opened): void;
}

/** Opens the socket to systemd, then sends each text message that the thread receives. */
function serve(scope: ThreadScope): void {
  let send = (_text: string): Promise<unknown> => Promise.resolve();
  let sent: Promise<unknown> = Promise.resolve();
  scope.onmessage = ({ data }) => {
    if (typeof data === "string") {
      // Deno permits only one send at a time. The thread ignores errors, because systemd may be restarting itself, and the thread
      // sends more messages later.
      sent = sent.then(() => send(data)).catch(() => {});
      return;
    }
    try {
      const socket = Deno.listenDatagram({ transport: "unixpacket", path: data.own });
      // A socket that only sends needs no path.
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
