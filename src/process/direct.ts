/**
 * Connections without a proxy and without verification of certificates. Only health checks use them, because a load balancer does not
 * verify the certificates of its targets either. Deno's `fetch` always verifies certificates.
 *
 * @module
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** The largest head of an answer, in bytes. */
const LARGEST_HEAD = 64 * 1_024;

/** The messages of errors whose own message names only a code. */
const MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
};

/** Opens a TCP connection and closes it. */
export function connect(host: string, port: number, signal: AbortSignal): Promise<void> {
  return withSocket(connectTcp({ host, port }), signal, (socket, done) => socket.once("connect", done));
}

/**
 * Requests an https URL with GET. Follows no redirect. The body of the response has only the bytes that arrive together with the head.
 */
export function fetchUnverified(
  url: string,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Response> {
  const { hostname, host, port, pathname, search } = new URL(url);
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const tls = connectTls({ host: address, port: Number(port || 443), rejectUnauthorized: false });
  return withSocket(tls, signal, (socket, done, fail) => {
    // Once the host has accepted the connection, an error is an answer that is not TLS.
    socket.once("connect", () => socket.prependListener("error", () => fail("TLS handshake failed")));
    socket.once("secureConnect", () => {
      const lines = Object.entries({ host, ...headers, connection: "close" })
        .map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`);
    });
    let received = "";
    socket.on("data", (piece: Uint8Array) => {
      received += latin1(piece);
      try {
        const response = responseIn(received);
        if (response !== undefined) done(response);
        else if (received.length > LARGEST_HEAD) fail("invalid HTTP: the head is too large");
      } catch {
        fail("invalid HTTP");
      }
    });
  });
}

/**
 * Runs an exchange over a socket, and destroys the socket. Rejects if the exchange calls `fail`, if the socket fails or ends, and with the
 * reason of `signal` if it aborts.
 */
async function withSocket<T>(
  socket: Socket,
  signal: AbortSignal,
  exchange: (socket: Socket, done: (value: T) => void, fail: (message: string) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const fail = (message: string) => reject(new Error(message));
  exchange(socket, resolve, fail);
  socket.on("error", (error: Error & { code?: string }) => fail(MESSAGES[error.code ?? ""] ?? error.message));
  socket.on("close", () => fail("connection closed"));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}

/** Returns the response that a text begins with. Undefined if its head is incomplete. Throws an error if the text is not HTTP. */
function responseIn(received: string): Response | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = received.slice(0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.\d (\d{3})(?: |$)/.exec(first)?.[1]);
  const rest = received.slice(end + 4);
  // An interim response, such as 103 Early Hints, comes before the response.
  if (status >= 100 && status < 200) return responseIn(rest);
  const headers = new Headers(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  // In a chunked body, the size of the chunk comes before its bytes.
  const isChunked = /chunked/i.test(headers.get("transfer-encoding") ?? "");
  const body = isChunked ? rest.replace(/^[^\r\n]*\r\n/, "") : rest;
  return new Response([204, 205, 304].includes(status) ? null : bytesOf(body), { status, headers });
}

/** Each byte as one character, so that the text has the same length as the bytes. */
function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
