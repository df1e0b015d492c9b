/**
 * Connections to the services of instances, for health checks. They use no proxy and verify no certificate, as a load balancer does not.
 *
 * Deno's `fetch` cannot do this. It always verifies certificates. Without the proxy of the environment, it sends requests in the form for
 * proxies, `GET http://10.0.0.7:8080/healthz`, which many services do not understand.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** The largest head of an answer, in bytes. */
const LARGEST_HEAD = 64 * 1_024;

/** How much of a body the exchange waits for, in bytes. */
const BODY = 1_024;

/** The messages of errors whose own message names only a code. */
export const MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
};

/** A request without a body. */
export interface ServiceRequest {
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Opens a TCP connection and closes it. */
export function connect(host: string, port: number, signal: AbortSignal): Promise<void> {
  return withSocket(connectTcp({ host, port }), signal, (socket, done) => socket.once("connect", done));
}

/**
 * Requests an http or https URL. Follows no redirect. The response has the first {@linkcode BODY} bytes of the body or a little more.
 *
 * In Deno 2.7, a connection whose TLS handshake gets no answer stays open until the service closes it.
 */
export function fetchService(
  url: string,
  { method = "GET", headers = {}, signal }: ServiceRequest,
): Promise<Response> {
  const { protocol, hostname, host: authority, port, pathname, search } = new URL(url);
  const isSecure = protocol === "https:";
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const address = { host, port: Number(port || (isSecure ? 443 : 80)) };
  const socket = isSecure ? connectTls({ ...address, rejectUnauthorized: false }) : connectTcp(address);
  const fields = {
    host: authority,
    ...headers,
    connection: "close",
    ...(method === "GET" ? {} : { "content-length": "0" }),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return withSocket(socket, signal, (socket, done, fail) => {
    let state: "connecting" | "handshake" | "open" = "connecting";
    let received = "";
    socket.once("connect", () => state = "handshake");
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      state = "open";
      socket.write(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`);
    });
    const read = (isEnded: boolean) => {
      try {
        const response = responseIn(received, isEnded);
        if (response !== undefined) done(response);
        else if (received.length > LARGEST_HEAD) fail("invalid HTTP: the head is too large");
      } catch {
        fail("invalid HTTP");
      }
    };
    socket.on("data", (piece: Uint8Array) => {
      // Each byte becomes one character. The latin1 of TextDecoder is windows-1252, which has other characters.
      received += Buffer.from(piece).toString("latin1");
      read(false);
    });
    socket.on("end", () => read(true));
    // Once the host has accepted the connection, an error is an answer that is not TLS.
    socket.on("error", () => isSecure && state === "handshake" && fail("TLS handshake failed"));
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

/**
 * Returns the response that a text begins with. Undefined if more of it must arrive. Throws an error if the text is not HTTP.
 *
 * @param isEnded whether nothing more arrives
 */
function responseIn(received: string, isEnded: boolean): Response | undefined {
  // RFC 9112, 2.2: a recipient may accept lines that end without a carriage return.
  const end = /\r?\n\r?\n/.exec(received);
  if (end === null) {
    if (!/^HTTP\/1\.\d|^(HTTP\/1\.?|HTTP\/?|HTT?|H)?$/.test(received)) throw new Error("not HTTP");
    return undefined;
  }
  const [first = "", ...lines] = received.slice(0, end.index).split(/\r?\n/);
  const status = Number(/^HTTP\/1\.\d (\d{3})(?: |$)/.exec(first)?.[1]);
  const rest = received.slice(end.index + end[0].length);
  // An interim response, such as 103 Early Hints, comes before the response.
  if (status >= 100 && status < 200) return responseIn(rest, isEnded);
  const headers = headersIn(lines);
  const isChunked = /chunked/i.test(headers.get("transfer-encoding") ?? "");
  const hasBody = ![204, 205, 304].includes(status);
  const size = isChunked && rest.endsWith("0\r\n\r\n")
    ? 0
    : Number(headers.get("content-length") ?? Infinity);
  if (hasBody && !isEnded && rest.length < Math.min(size, BODY)) return undefined;
  // In a chunked body, the size of the chunk comes before its bytes.
  const body = isChunked ? rest.replace(/^[^\r\n]*\r\n/, "") : rest;
  const bytes = Uint8Array.from(body, (character) => character.charCodeAt(0));
  return new Response(hasBody ? bytes : null, { status, headers });
}

/**
 * Parses the header lines of an HTTP answer. Ignores invalid lines, because a load balancer only looks at the status.
 */
function headersIn(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value = ""] = /^([!#$%&'*+.^_`|~\w-]+):([^\0\r]*)$/.exec(line) ?? [];
    if (name !== undefined) headers.append(name, value.trim());
  }
  return headers;
}
