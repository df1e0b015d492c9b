/**
 * HTTPS requests to instances. A load balancer does not verify the certificates of its instances. Source: ALB guide, "Target groups":
 * the load balancer does not validate the certificates of targets. `fetch` always verifies them, and the client of node:https cannot
 * connect without verification in Deno 2.7. So this module speaks HTTP/1.1 over a TLS connection itself.
 *
 * @module
 */
import { connect, type TLSSocket } from "node:tls";

/** Options of a request, as of `fetch`. */
interface Options {
  readonly method?: string;
  readonly headers?: Headers;
  readonly body?: ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal;
}

/** Sends a request without verifying the server's certificate. Rejects as `fetch` does. */
export async function fetchUnverified(
  url: string,
  { method = "GET", headers = new Headers(), body, signal }: Options,
): Promise<Response> {
  signal.throwIfAborted();
  const { hostname, host, port, pathname, search } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port || 443), rejectUnauthorized: false });
  // Reading and writing report the error.
  socket.on("error", () => {});
  const abort = () => socket.destroy();
  signal.addEventListener("abort", abort, { once: true });
  const end = () => {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  };
  try {
    await opened(socket);
    const isChunked = body && !headers.has("content-length");
    const fields = [["host", host], ...headers, ["connection", "close"]]
      .filter(([name], i) => i === 0 || name !== "host")
      .concat(isChunked ? [["transfer-encoding", "chunked"]] : []);
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`${method} ${pathname}${search} HTTP/1.1\r\n${head}\r\n`);
    const input = new Input(socket);
    // The server may answer before it has read the whole request.
    void send(socket, body, isChunked ?? false).catch(end);
    const { status, headers: received } = await input.head();
    const hasBody = method !== "HEAD" && ![204, 304].includes(status);
    const content = hasBody ? ReadableStream.from(ending(input.body(received), end)) : null;
    if (!hasBody) end();
    return new Response(content, { status, headers: received });
  } catch (error) {
    end();
    signal.throwIfAborted();
    throw error;
  }
}

/** Waits until the TLS handshake is complete. */
function opened(socket: TLSSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("connection closed")));
  return promise;
}

async function send(
  socket: TLSSocket,
  body: ReadableStream<Uint8Array> | null | undefined,
  isChunked: boolean,
): Promise<void> {
  for await (const piece of body ?? []) {
    if (isChunked) socket.write(`${piece.length.toString(16)}\r\n`);
    socket.write(piece);
    if (isChunked) socket.write("\r\n");
  }
  if (isChunked) socket.write("0\r\n\r\n");
}

/** Passes pieces on, and calls `end` after the last one or when nobody wants more. */
async function* ending<T>(pieces: AsyncIterable<T>, end: () => void): AsyncGenerator<T, void> {
  try {
    yield* pieces;
  } finally {
    end();
  }
}

/** What a server sends: a head, and a body whose length the head says. */
class Input {
  readonly #pieces: AsyncIterator<Uint8Array<ArrayBuffer>>;
  /** What has arrived and nobody has taken yet. */
  #waiting = new Uint8Array();

  constructor(socket: TLSSocket) {
    this.#pieces = socket[Symbol.asyncIterator]();
  }

  /** Reads the head of the response, after interim responses. */
  async head(): Promise<{ readonly status: number; readonly headers: Headers }> {
    const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(await this.#line())?.[1]);
    if (!(status >= 100 && status <= 599)) throw new TypeError("the answer is not HTTP");
    const headers = new Headers();
    for (let line = await this.#line(); line !== ""; line = await this.#line()) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return status < 200 ? await this.head() : { status, headers };
  }

  async *body(headers: Headers): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
      for (let size = await this.#size(); size > 0; size = await this.#size()) {
        yield* this.#take(size);
        await this.#line();
      }
    } else yield* this.#take(Number(headers.get("content-length") ?? Infinity));
  }

  async #size(): Promise<number> {
    return parseInt(await this.#line(), 16);
  }

  /** Takes the next line, without its end. */
  async #line(): Promise<string> {
    let end = this.#waiting.indexOf(10);
    while (end < 0) {
      if (!await this.#more()) throw new TypeError("the answer ends too early");
      end = this.#waiting.indexOf(10);
    }
    const line = new TextDecoder("latin1").decode(this.#waiting.subarray(0, end)).replace(/\r$/, "");
    this.#waiting = this.#waiting.subarray(end + 1);
    return line;
  }

  /** Takes the next bytes. Infinity: all bytes until the server ends the connection. */
  async *#take(size: number): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    for (let left = size; left > 0;) {
      if (this.#waiting.length === 0 && !await this.#more()) {
        if (left === Infinity) return;
        throw new TypeError("the answer ends too early");
      }
      const piece = this.#waiting.subarray(0, left);
      this.#waiting = this.#waiting.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Waits for more bytes. Returns false if the server has ended the connection. */
  async #more(): Promise<boolean> {
    const { value, done } = await this.#pieces.next();
    if (done) return false;
    const joined = new Uint8Array(this.#waiting.length + value.length);
    joined.set(this.#waiting);
    joined.set(value, this.#waiting.length);
    this.#waiting = joined;
    return true;
  }
}
