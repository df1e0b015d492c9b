/**
 * A connection to a service that stays open between requests. It uses no proxy, verifies no certificate and follows no redirect, as {@link
 * ./direct.ts} explains.
 *
 * Deno's node:http cannot do this: in Deno 2.9 a signal does not end a request on a connection that was kept open.
 *
 * @module
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AnswerReader } from "./http/answer.ts";
import { MESSAGES } from "./direct.ts";

/** A request over a connection. */
export interface KeptRequest {
  /** The path with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Called with each piece of the body. If it throws, the request fails with this error. */
  readonly onBody: (piece: Uint8Array) => void;
}

/** A connection to one service. Its disposal closes the connection. */
export interface ServiceConnection extends Disposable {
  /**
   * Sends a GET request, and returns the status when the whole answer has arrived. Opens the connection if it is not open. Sends one
   * request at a time.
   */
  get(request: KeptRequest): Promise<number>;
}

/** A connection that node:net and node:tls open. */
export class KeptConnection implements ServiceConnection {
  readonly #origin: URL;
  #socket: Socket | undefined;

  /** @param origin the URL of the service without a path: `http://10.0.0.7:9100` */
  constructor(origin: string) {
    this.#origin = new URL(origin);
  }

  async get(request: KeptRequest): Promise<number> {
    const kept = this.#socket;
    if (kept !== undefined && !kept.destroyed) {
      // The server may close the connection at the moment of the request. The request then needs a new connection.
      const status = await this.#exchange(kept, request, true);
      if (status !== undefined) return status;
    }
    return await this.#exchange(this.#open(), request, false) ?? 0;
  }

  [Symbol.dispose](): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const { protocol, hostname, port } = this.#origin;
    const isSecure = protocol === "https:";
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const address = { host, port: Number(port || (isSecure ? 443 : 80)) };
    const socket = isSecure ? connectTls({ ...address, rejectUnauthorized: false }) : connectTcp(address);
    // Between requests, an error only closes the connection.
    socket.on("error", () => {});
    this.#socket = socket;
    return socket;
  }

  /** Sends a request over a socket. Returns undefined if the socket was kept open, and closes before it answers. */
  async #exchange(socket: Socket, request: KeptRequest, isOld: boolean): Promise<number | undefined> {
    const { path, headers = {}, signal, onBody } = request;
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const reader = new AnswerReader(onBody);
    const fail = (error: unknown) => isOld && reader.status === 0 ? resolve(undefined) : reject(error);
    const finish = () => reader.isDone && resolve(reader.status);
    const listeners = {
      data: (piece: Uint8Array) => {
        try {
          reader.push(piece);
          finish();
        } catch (error) {
          reject(error);
        }
      },
      error: (error: Error & { code?: string }) =>
        fail(new Error(MESSAGES[error.code ?? ""] ?? error.message)),
      close: () => {
        try {
          reader.end();
          finish();
        } catch (error) {
          fail(error);
        }
      },
    };
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const fields = Object.entries({ host: this.#origin.host, ...headers }).map(([name, value]) =>
      `${name}: ${value}\r\n`
    );
    socket.write(`GET ${path} HTTP/1.1\r\n${fields.join("")}\r\n`);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
      if (!reader.isDone || !reader.isKept) {
        socket.destroy();
        if (this.#socket === socket) this.#socket = undefined;
      }
    }
  }
}
