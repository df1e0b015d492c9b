import { assert } from "@std/assert";
import fc from "fast-check";
import { checkOnce } from "../../../src/health/check_once.ts";
import { realRuntime } from "../../../src/runtime.ts";

/** A server that sends the pieces of an answer and closes the connection. */
async function answering(pieces: readonly Uint8Array[], ask: (port: number) => Promise<void>): Promise<void> {
  using tcp = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const served = (async () => {
    using connection = await tcp.accept();
    try {
      await connection.read(new Uint8Array(4_096));
      for (const piece of pieces) if (piece.length > 0) await connection.write(piece);
    } catch { /* kas has read enough, and closed the connection. */ }
  })();
  await ask(tcp.addr.port);
  await served;
}

const encoder = new TextEncoder();
const line = fc.oneof(
  fc.constantFrom(
    "content-length: 5",
    "content-length: -1",
    "content-length: x",
    "transfer-encoding: chunked",
    "a",
    ":",
    "",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);
const status = fc.oneof(
  fc.constantFrom(
    "HTTP/1.1 200 OK",
    "HTTP/1.1 204",
    "HTTP/1.1 999 ?",
    "HTTP/1.1 103 Hints",
    "HTTP/2 200",
    "ICY 200 OK",
  ),
  fc.string({ maxLength: 20 }),
);
const answer = fc.tuple(
  status,
  fc.array(line, { maxLength: 5 }),
  fc.string({ unit: "binary", maxLength: 2_000 }),
)
  .map(([first, lines, body]) => encoder.encode([first, ...lines].join("\r\n") + "\r\n\r\n" + body));

Deno.test("a health check of a service that answers anything ends with a result, and passes only with status 200", async () => {
  const { signal } = new AbortController();
  const codes = [{ from: 200, to: 200 }];
  const cut = fc.tuple(fc.oneof(answer, fc.uint8Array({ maxLength: 200 })), fc.nat(300));
  await fc.assert(
    fc.asyncProperty(cut, async ([bytes, at]) => {
      await answering([bytes.slice(0, at), bytes.slice(at)], async (port) => {
        const check = { protocol: "http", port, path: "/", codes } as const;
        const { passed, answered, description, status } = await checkOnce(
          realRuntime,
          check,
          "127.0.0.1",
          signal,
        );
        const text = new TextDecoder("latin1").decode(bytes);
        assert(!passed || (status === 200 && text.includes("HTTP/1.1 200")), description);
        assert(answered, description);
        assert(description.length < 200, description);
      });
    }),
    { numRuns: 300 },
  );
});
