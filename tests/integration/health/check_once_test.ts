import { assert, assertEquals, assertRejects } from "@std/assert";
import { checkOnce } from "../../../src/health/check_once.ts";
import type { HttpCheck } from "../../../src/health/spec.ts";
import { realRuntime } from "../../../src/runtime.ts";
import { EXPIRED } from "../../support/expired_certificate.ts";

const { signal } = new AbortController();
const OK = [{ from: 200, to: 200 }];

/** Starts a web server at an address of its own. */
function server(
  answer: (request: Request) => Response | Promise<Response>,
  options: { readonly hostname?: string; readonly cert?: string; readonly key?: string } = {},
) {
  const http = Deno.serve({ port: 0, hostname: "127.0.0.1", ...options, onListen: () => {} }, answer);
  return { port: http.addr.port, [Symbol.asyncDispose]: () => http.shutdown() };
}

/** Listens for TCP connections and treats each as `serve` does. */
function listener(serve: (connection: Deno.Conn) => Promise<void> | void, hostname = "127.0.0.1") {
  const tcp = Deno.listen({ port: 0, hostname });
  const open = new Set<Deno.Conn>();
  const ended = (async () => {
    for await (const connection of tcp) {
      open.add(connection);
      await Promise.resolve(serve(connection)).catch(() => {});
    }
  })();
  return {
    port: tcp.addr.port,
    [Symbol.asyncDispose]: async () => {
      tcp.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch { /* The server has closed the connection. */ }
      }
      await ended;
    },
  };
}

/** A port of 127.0.0.1 at which nobody listens. */
function closedPort(): number {
  using tcp = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return tcp.addr.port;
}

const says = (text: string) => (connection: Deno.Conn) =>
  void connection.write(new TextEncoder().encode(text)).then(() => connection.close());

function http(port: number, more: Partial<HttpCheck> = {}): HttpCheck {
  return { protocol: "http", port, path: "/healthz", codes: OK, ...more };
}

for (const [name, hostname] of [["IPv4", "127.0.0.1"], ["IPv6", "::1"]] as const) {
  for (const [protocol, files] of [["http", {}], ["https", EXPIRED]] as const) {
    Deno.test(`an ${protocol} check over ${name} requests the path as a load balancer does`, async () => {
      const requests: string[] = [];
      await using service = server(({ method, url, headers }) => {
        requests.push(
          `${method} ${new URL(url).pathname}${new URL(url).search} ${headers.get("user-agent")}`,
        );
        return new Response("fine", { headers: { "x-name": "value" } });
      }, { hostname, ...files });
      const check = http(service.port, { protocol, path: "/healthz?full=1" });
      const { passed, answered, status, headers } = await checkOnce(realRuntime, check, hostname, signal);
      assertEquals([passed, answered, status, headers?.get("x-name")], [true, true, 200, "value"]);
      assertEquals(requests.length, 1);
      assert(requests[0]?.startsWith("GET /healthz?full=1 ELB-HealthChecker/2.0"), requests[0]);
    });
  }

  Deno.test(`a tcp check over ${name} passes if the service accepts the connection`, async () => {
    await using service = listener(() => {}, hostname);
    const result = await checkOnce(realRuntime, { protocol: "tcp", port: service.port }, hostname, signal);
    assertEquals([result.passed, result.answered], [true, true]);
  });
}

for (const protocol of ["http", "https"] as const) {
  const files = protocol === "https" ? EXPIRED : {};

  Deno.test(`an ${protocol} check follows no redirect: the status of the redirect counts`, async () => {
    let requests = 0;
    await using service = server(() => {
      requests++;
      return new Response(null, { status: 302, headers: { location: "/elsewhere" } });
    }, files);
    const check = http(service.port, { protocol });
    const [fails, passes] = [
      await checkOnce(realRuntime, check, "127.0.0.1", signal),
      await checkOnce(realRuntime, { ...check, codes: [{ from: 302, to: 302 }] }, "127.0.0.1", signal),
    ];
    assertEquals([fails.passed, fails.answered, passes.passed, requests], [false, true, true, 2]);
  });

  Deno.test(`an ${protocol} check fails if the status is another, and quotes the answer`, async () => {
    await using service = server(() => new Response("no database", { status: 503 }), files);
    const result = await checkOnce(realRuntime, http(service.port, { protocol }), "127.0.0.1", signal);
    assertEquals([result.passed, result.answered, result.status], [false, true, 503]);
    assert(result.description.includes("no database"), result.description);
  });

  Deno.test({
    name: `an ${protocol} check fails if the service accepts the connection and says nothing`,
    // Deno 2.7 keeps a connection with an unfinished TLS handshake open until the service closes it.
    sanitizeResources: protocol === "http",
    fn: async () => {
      await using service = listener(() => {});
      const check = http(service.port, { protocol, timeout: 200 });
      const result = await checkOnce(realRuntime, check, "127.0.0.1", signal);
      assertEquals([result.passed, result.answered], [false, false]);
    },
  });

  Deno.test(`an ${protocol} check reads no more of an endless answer than it needs`, async () => {
    const page = new TextEncoder().encode("page ".repeat(1_000));
    await using service = server(() => {
      return new Response(new ReadableStream({ pull: (out) => out.enqueue(page) }));
    }, files);
    const result = await checkOnce(realRuntime, http(service.port, { protocol }), "127.0.0.1", signal);
    assertEquals([result.passed, result.description.length < 200], [true, true]);
  });
}

for (
  const check of [
    { protocol: "tcp" },
    { protocol: "http", path: "/", codes: OK },
    { protocol: "https", path: "/", codes: OK },
  ] as const
) {
  Deno.test(`a host that refuses the connection fails a check over ${check.protocol}, and has answered`, async () => {
    const result = await checkOnce(realRuntime, { ...check, port: closedPort() }, "127.0.0.1", signal);
    assertEquals([result.passed, result.answered], [false, true]);
  });

  Deno.test(`a check over ${check.protocol} ends with the reason of its signal`, async () => {
    const reason = new Error("the autoscaler ends");
    await assertRejects(
      () => checkOnce(realRuntime, { ...check, port: closedPort() }, "127.0.0.1", AbortSignal.abort(reason)),
      Error,
      reason.message,
    );
  });
}

Deno.test("an http check fails if the host answers in another protocol, and the host has answered", async () => {
  await using service = listener(says("SSH-2.0-OpenSSH_9.6\r\n\r\n"));
  const result = await checkOnce(realRuntime, http(service.port), "127.0.0.1", signal);
  assertEquals([result.passed, result.answered], [false, true]);
});

Deno.test("an https check that gets no TLS handshake fails, and says nothing about the service", async () => {
  await using service = listener(says("SSH-2.0-OpenSSH_9.6\r\n\r\n"));
  const check = http(service.port, { protocol: "https" });
  const result = await checkOnce(realRuntime, check, "127.0.0.1", signal);
  assertEquals([result.passed, result.answered], [false, false]);
});

/** An HTTP server that answers each request with the first line of the request. */
function echo() {
  return listener(async (connection) => {
    const bytes = new Uint8Array(4_096);
    const text = new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
    says(`HTTP/1.1 200 OK\r\n\r\n${text.split("\r\n")[0]}`)(connection);
  });
}

Deno.test("an http check names the path in its request, and not the URL, which many services do not understand", async () => {
  await using service = echo();
  const { description } = await checkOnce(realRuntime, http(service.port), "127.0.0.1", signal);
  assert(description.endsWith("200 GET /healthz HTTP/1.1"), description);
});

Deno.test("a check waits for the body that comes after the head, and for the response after an interim response", async () => {
  await using service = listener(async (connection) => {
    const pieces = [
      "HTTP/1.1 103 Early",
      " Hints\r\n\r\nHTTP/1.1 503 No\r\ncontent-length: 5\r\n",
      "\r\nno",
      " db",
    ];
    for (const piece of pieces) await connection.write(new TextEncoder().encode(piece));
  });
  const { status, description } = await checkOnce(realRuntime, http(service.port), "127.0.0.1", signal);
  assertEquals(status, 503);
  assert(description.endsWith("503 no db"), description);
});

Deno.test("an https check reads the beginning of a chunked body", async () => {
  await using service = server(
    () => new Response(ReadableStream.from(["fi", "ne"]).pipeThrough(new TextEncoderStream())),
    EXPIRED,
  );
  const check = http(service.port, { protocol: "https" });
  const { passed, description } = await checkOnce(realRuntime, check, "127.0.0.1", signal);
  assertEquals(passed, true);
  assert(/ 200 (fi|$)/.test(description), description);
});

for (
  const [what, head] of [
    ["a name in UTF-8", "content-disposition: attachment; filename=\u2192.txt\r\n"],
    ["a name with a space", "x name: value\r\n"],
    ["no colon", "value\r\n"],
    ["a control character", "x-name: \u0000value\r\n"],
    ["a carriage return in its value", "x-name: a\rb\r\n"],
  ] as const
) {
  Deno.test(`an http check passes if a header of the answer has ${what}, because a load balancer looks at the status only`, async () => {
    await using service = listener(says(`HTTP/1.1 200 OK\r\n${head}x-last: value\r\n\r\nfine`));
    const { passed, headers } = await checkOnce(realRuntime, http(service.port), "127.0.0.1", signal);
    assertEquals([passed, headers?.get("x-last")], [true, "value"]);
  });
}

Deno.test("an http check passes if the lines of the answer end without a carriage return", async () => {
  await using service = listener(says("HTTP/1.1 200 OK\ncontent-length: 4\n\nfine"));
  const result = await checkOnce(realRuntime, http(service.port), "127.0.0.1", signal);
  assertEquals([result.passed, result.description.endsWith("200 fine")], [true, true]);
});

Deno.test("a check quotes an answer in UTF-8", async () => {
  await using service = server(() => new Response("à → ü", { status: 503 }));
  const { description } = await checkOnce(realRuntime, http(service.port), "127.0.0.1", signal);
  assert(description.endsWith("503 à → ü"), description);
});
