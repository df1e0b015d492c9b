/**
 * Two servers that show where the autoscaler sends requests. One serves certificates, and is also the autoscaler's HTTP
 * proxy, so that it sees all requests. The other is a canary, which must receive no request.
 *
 * @module
 */
import { makeSigner } from "../../../src/sandbox/sns/certificate.ts";
import { EC_CERTIFICATE, FOREIGN_CERTIFICATE, SHORT_CERTIFICATE } from "../../unit/sns/bad_certificates.ts";

/** The running servers. */
export interface Observer extends AsyncDisposable {
  /** `http://127.0.0.2:PORT/certs/`. */
  readonly prefix: string;
  readonly canary: string;
  /** How often the autoscaler requested each origin, or each URL under the prefix. */
  readonly requests: ReadonlyMap<string, number>;
  /** URLs under the prefix of bad and missing certificates. */
  readonly certs: Readonly<Record<"bad" | "absent", readonly string[]>>;
}

/** @param pem the genuine certificate, at `signer.pem` */
export function observe(pem: string): Observer {
  const requests = new Map<string, number>();
  const answers: Readonly<Record<string, readonly [status: string, body: string]>> = {
    "signer.pem": ["200 OK", pem],
    "expired.pem": ["200 OK", makeSigner(Date.now() - 48 * 3_600_000).pem],
    "not-yet.pem": ["200 OK", makeSigner(Date.now() + 48 * 3_600_000).pem],
    "another.pem": ["200 OK", makeSigner().pem],
    "ec.pem": ["200 OK", EC_CERTIFICATE],
    "short.pem": ["200 OK", SHORT_CERTIFICATE],
    "foreign.pem": ["200 OK", FOREIGN_CERTIFICATE],
    "page.pem": ["200 OK", "<html>"],
    "empty.pem": ["200 OK", ""],
    "huge.pem": ["200 OK", pem + "x".repeat(1_000_000)],
    "moved.pem": ["302 Found\r\nLocation: signer.pem", ""],
    "broken.pem": ["500 Internal Server Error", pem],
  };
  const certs = Deno.listen({ hostname: "127.0.0.2", port: 0 });
  const canary = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const prefix = `http://127.0.0.2:${certs.addr.port}/certs/`;
  const canaryUrl = `http://127.0.0.1:${canary.addr.port}`;
  const count = (target: string) => requests.set(target, (requests.get(target) ?? 0) + 1);

  const answer = async (conn: Deno.TcpConn) => {
    using _ = conn;
    const buffer = new Uint8Array(16_384);
    const n = await conn.read(buffer) ?? 0;
    const [, target = ""] = /^\S+ (\S+)/.exec(new TextDecoder().decode(buffer.subarray(0, n))) ?? [];
    const url = target.startsWith("/") ? new URL(target, prefix).href : target;
    const [status, body] = url.startsWith(prefix)
      ? answers[url.slice(prefix.length)] ?? ["404 Not Found", ""]
      : ["502 Bad Gateway", ""];
    count(url.startsWith(prefix) ? url : /^\w+:\/\/[^/]+|[^/]*/.exec(url)?.[0] ?? url);
    const bytes = new TextEncoder().encode(
      `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    await conn.closeWrite();
    while (await conn.read(buffer) !== null);
  };
  const accept = async (listener: Deno.TcpListener, each: (conn: Deno.TcpConn) => Promise<void>) => {
    const open: Promise<void>[] = [];
    // The client may close the connection during an answer.
    for await (const conn of listener) open.push(each(conn).catch(() => {}));
    await Promise.all(open);
  };
  const running = Promise.all([
    accept(certs, answer),
    accept(canary, (conn) => {
      count(canaryUrl);
      conn.close();
      return Promise.resolve();
    }),
  ]);
  return {
    prefix,
    canary: canaryUrl,
    requests,
    certs: {
      bad: ["expired", "not-yet", "another", "ec", "short", "foreign"].map((name) => `${prefix}${name}.pem`),
      absent: ["page", "empty", "huge", "moved", "broken", "nowhere"].map((name) => `${prefix}${name}.pem`),
    },
    [Symbol.asyncDispose]: async () => {
      certs.close();
      canary.close();
      await running;
    },
  };
}

/** Replaces fetch. Counts requests to origins that are not allowed, and does not send them. */
export function watchedFetch(
  allowed: readonly string[],
): { readonly fetch: typeof fetch; readonly fetched: ReadonlyMap<string, number> } {
  const fetched = new Map<string, number>();
  return {
    fetched,
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      if (allowed.some((prefix) => url.href.startsWith(prefix))) return fetch(input, init);
      fetched.set(url.origin, (fetched.get(url.origin) ?? 0) + 1);
      return Promise.resolve(new Response("", { status: 404 }));
    },
  };
}
