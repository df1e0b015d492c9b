import { assertEquals, assertRejects } from "@std/assert";
import { KeptConnection } from "../../../src/process/kept_connection.ts";

/** A server that answers each request with the port of its client. */
function server(respond: (path: string, port: number) => Response | Promise<Response>) {
  const clients = new Set<number>();
  const running = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }, { remoteAddr }) => {
      clients.add(remoteAddr.port);
      return respond(new URL(url).pathname, remoteAddr.port);
    },
  );
  return {
    origin: `http://127.0.0.1:${running.addr.port}`,
    clients,
    [Symbol.asyncDispose]: () => running.shutdown(),
  };
}

/** Sends a request. Returns the status and the text of the answer. */
async function get(
  connection: KeptConnection,
  path: string,
  signal = AbortSignal.timeout(10_000),
): Promise<[number, string]> {
  const decoder = new TextDecoder();
  let text = "";
  const onBody = (piece: Uint8Array) => void (text += decoder.decode(piece, { stream: true }));
  const status = await connection.get({ path, headers: { accept: "text/plain" }, signal, onBody });
  return [status, text];
}

Deno.test("requests share a connection, which stays open between them", async () => {
  await using behind = server((path) => new Response(path.repeat(30_000)));
  using connection = new KeptConnection(behind.origin);
  for (const path of ["/a", "/b", "/c"]) {
    assertEquals(await get(connection, path), [200, path.repeat(30_000)]);
  }
  assertEquals(behind.clients.size, 1);
});

Deno.test("a request that takes too long ends at once, and the next one works", async () => {
  const held = Promise.withResolvers<Response>();
  await using behind = server((path) => path === "/slow" ? held.promise : new Response("quick"));
  using connection = new KeptConnection(behind.origin);
  assertEquals(await get(connection, "/"), [200, "quick"]);
  const ends = new AbortController();
  const slow = get(connection, "/slow", ends.signal);
  ends.abort(new Error("no answer within 2 s"));
  await assertRejects(() => slow, Error, "no answer within 2 s");
  assertEquals(await get(connection, "/"), [200, "quick"]);
  held.resolve(new Response("late"));
});

Deno.test("a connection that the server has closed is opened again", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  const accepting = (async () => {
    for (let n = 0; n < 2; n++) {
      const connection = await listener.accept();
      await connection.read(new Uint8Array(1_024));
      await connection.write(new TextEncoder().encode(text));
      connection.close();
    }
  })();
  using connection = new KeptConnection(`http://127.0.0.1:${listener.addr.port}`);
  assertEquals(await get(connection, "/"), [200, "ok"]);
  assertEquals(await get(connection, "/"), [200, "ok"]);
  await accepting;
});

Deno.test("the caller can end an answer that is too large", async () => {
  await using behind = server(() => new Response("x".repeat(1_000_000)));
  using connection = new KeptConnection(behind.origin);
  const onBody = () => {
    throw new RangeError("too large");
  };
  const signal = AbortSignal.timeout(10_000);
  await assertRejects(() => connection.get({ path: "/", signal, onBody }), RangeError, "too large");
});

Deno.test("a refused connection, a redirect, and a service that speaks no HTTP are told apart", async () => {
  const { port } = (() => {
    using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return free.addr;
  })();
  using closed = new KeptConnection(`http://127.0.0.1:${port}`);
  await assertRejects(() => get(closed, "/"), Error, "connection refused");
  await using behind = server(() => Response.redirect("http://127.0.0.1:1/"));
  using moved = new KeptConnection(behind.origin);
  assertEquals((await get(moved, "/"))[0], 302);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const speaking = (async () => {
    const connection = await listener.accept();
    await connection.write(new TextEncoder().encode("SSH-2.0-x\r\n"));
    await connection.read(new Uint8Array(1_024));
    connection.close();
  })();
  using other = new KeptConnection(`http://127.0.0.1:${listener.addr.port}`);
  await assertRejects(() => get(other, "/"), Error, "invalid HTTP");
  await speaking;
});
