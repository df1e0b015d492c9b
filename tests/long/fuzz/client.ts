/**
 * An HTTP/1.1 client with persistent connections. It can also send requests that an HTTP library would correct or
 * refuse.
 *
 * @module
 */

/** A request as the client sends it. */
export interface Shot {
  readonly method: string;
  /** The request's target. */
  readonly target: string;
  /** Header lines except Content-Length. A Host replaces the default. */
  readonly headers: readonly string[];
  readonly body: Uint8Array<ArrayBuffer>;
  /** Sends chunks of this many bytes instead of a Content-Length. */
  readonly chunk?: number;
}

/** A plain POST to `/`, as SNS sends it. */
export function post(body: string | Uint8Array<ArrayBuffer>, headers: readonly string[] = []): Shot {
  return {
    method: "POST",
    target: "/",
    headers: ["Content-Type: text/plain; charset=UTF-8", ...headers],
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  };
}

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The time from the first byte sent to the last byte received, in ms. */
  readonly ms: number;
}

/** Returns the bytes of a request. Each character of the head is one byte (Latin-1). */
export function bytesOf({ method, target, headers, body, chunk }: Shot): Uint8Array<ArrayBuffer> {
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : ["Host: autoscaler"];
  const length = chunk === undefined ? `Content-Length: ${body.length}` : "Transfer-Encoding: chunked";
  const head = [`${method} ${target} HTTP/1.1`, ...host, ...headers, length, "", ""].join("\r\n");
  const pieces = [latin1(head)];
  if (chunk === undefined) pieces.push(body);
  else {
    for (let at = 0; at < body.length; at += chunk) {
      const piece = body.subarray(at, at + chunk);
      pieces.push(latin1(`${piece.length.toString(16)}\r\n`), piece, latin1("\r\n"));
    }
    pieces.push(latin1("0\r\n\r\n"));
  }
  return joined(pieces);
}

/** A client of one server, with one connection at a time. */
export class Client implements Disposable {
  readonly #port: number;
  #conn: Deno.TcpConn | undefined;
  /** How many connections were opened. */
  opened = 0;

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  /** Sends a request and reads its answer. @throws {Error} without an answer */
  async send(shot: Shot): Promise<Answer> {
    const began = performance.now();
    for (const attempt of [1, 2]) {
      const reused = this.#conn !== undefined;
      const conn = this.#conn ??= await this.#open();
      // The server may answer before it has read the whole request. It then closes the connection.
      const sent = write(conn, bytesOf(shot)).catch(() => {});
      const answer = await read(conn, shot.method === "HEAD").catch(() => undefined);
      if (answer === undefined || answer.close) this[Symbol.dispose]();
      await sent;
      if (answer !== undefined) return { ...answer, ms: performance.now() - began };
      // The server may have closed the persistent connection since the last request.
      if (!reused || attempt === 2) break;
    }
    throw new Error(`no answer to ${shot.method} ${shot.target} of ${shot.body.length} bytes`);
  }

  async #open(): Promise<Deno.TcpConn> {
    this.opened++;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    conn.setNoDelay();
    return conn;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn?.close();
    } finally {
      this.#conn = undefined;
    }
  }
}

async function write(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function read(
  conn: Deno.TcpConn,
  bodiless: boolean,
): Promise<Omit<Answer, "ms"> & { close: boolean } | undefined> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  while (true) {
    const n = await conn.read(buffer);
    if (n === null) return undefined;
    text += String.fromCharCode(...buffer.subarray(0, n));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const head = text.slice(0, end);
    const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1]);
    if (status === 100) {
      text = text.slice(end + 4);
      continue;
    }
    const length = bodiless ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (text.length < end + 4 + length) continue;
    return { status, text: text.slice(end + 4), close: /^connection: close/im.test(head) };
  }
}

/** Encodes a text in which each character is one byte. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (c) => c.charCodeAt(0) & 0xff);
}

/** Concatenates byte arrays. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
