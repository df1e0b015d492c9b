import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readJsonField } from "../../../../../src/autoscaler/telemetry/sources/json_field.ts";
import { queryPrometheus } from "../../../../../src/autoscaler/telemetry/sources/prometheus.ts";
import { SourceError } from "../../../../../src/autoscaler/telemetry/sources/source_error.ts";
import { realClock, realRuntime } from "../../../../../src/runtime.ts";

const NEVER = new AbortController().signal;

/** Starts a server with a function that answers each request. */
function serve(answer: (request: Request) => Response | Promise<Response>) {
  const closed = new AbortController();
  const options = { hostname: "127.0.0.1", port: 0, signal: closed.signal, onListen: () => {} };
  const server = Deno.serve(options, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await server.finished;
    },
  };
}

function vector(...values: string[]): unknown {
  return {
    status: "success",
    data: {
      resultType: "vector",
      result: values.map((value) => ({ metric: { job: "x" }, value: [1_700_000_000.5, value] })),
    },
  };
}

/** Returns the message of the SourceError with which a read fails. */
async function failure(read: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => read, SourceError)).message;
}

Deno.test("a Prometheus server's query has the value and the time of its only sample", async () => {
  const asked: URL[] = [];
  await using server = serve((request) => {
    asked.push(new URL(request.url));
    return Response.json(
      asked.length === 1 ? vector("12.5") : {
        status: "success",
        data: { resultType: "scalar", result: [1_700_000_000, "3"] },
      },
    );
  });
  const query = 'sum(rate(jobs_total{queue="a&b"}[1m]))';
  const spec = { type: "prometheus", url: `${server.url}/prom/?tenant=x`, query } as const;
  assertEquals(await queryPrometheus(spec, realRuntime, NEVER), { value: 12.5, at: 1_700_000_000_500 });
  assertEquals(await queryPrometheus(spec, realRuntime, NEVER), { value: 3, at: 1_700_000_000_000 });
  assertEquals(asked[0]?.pathname, "/prom/api/v1/query");
  assertEquals(Object.fromEntries(asked[0]?.searchParams ?? []), { tenant: "x", query });
});

Deno.test("a Prometheus server's answer without exactly one number is a failure that says why", async () => {
  const cases: [() => Response, string][] = [
    [() => Response.json(vector()), "the query has no value"],
    [() => Response.json(vector("1", "2")), "the query has 2 values; sum() or max() makes one of them"],
    [() => Response.json(vector("NaN")), "the value of the query is NaN"],
    [() => Response.json(vector("+Inf")), "the value of the query is +Inf"],
    [
      () => Response.json({ status: "success", data: { resultType: "matrix", result: [] } }),
      "not the result of an instant query",
    ],
    [() => Response.json([]), "not the result of an instant query"],
    [
      () => Response.json({ status: "error", error: `bad\n${"x".repeat(300)}` }, { status: 400 }),
      "the query failed: bad x",
    ],
    [() => Response.json({}, { status: 503 }), "HTTP status 503"],
    [() => new Response("<html>", { status: 502 }), "HTTP status 502"],
    [() => new Response("<html>"), "the answer is not JSON"],
    [() => Response.redirect("http://127.0.0.1:1/"), "HTTP status 302"],
    [() => new Response(new Uint8Array(2 ** 20 + 1)), "the answer is larger than 1048576 bytes"],
  ];
  let answer = () => new Response();
  await using server = serve(() => answer());
  for (const [next, why] of cases) {
    answer = next;
    const message = await failure(
      queryPrometheus({ type: "prometheus", url: server.url, query: "x" }, realRuntime, NEVER),
    );
    assertStringIncludes(message, why);
    assertEquals(message.includes("\n"), false);
    assertEquals(message.length < 250, true, message);
  }
});

Deno.test("a server that refuses connections, is slow or sends without end is a failure that says why", async () => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr as Deno.NetAddr;
  closed.close();
  const read = (url: string, clock = realClock) =>
    failure(readJsonField({ type: "json", url, field: "a" }, { fetch, clock }, NEVER));
  assertStringIncludes(await read(`http://127.0.0.1:${port}/secret`), "refused");
  const answered = Promise.withResolvers<void>();
  await using silent = serve(async () => {
    await answered.promise;
    return new Response();
  });
  const late = { ...realClock, sleep: () => Promise.resolve() };
  assertEquals(await read(silent.url, late), "no answer within 2 s");
  answered.resolve();
  await using endless = serve(() =>
    new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(2 ** 16)) }))
  );
  assertStringIncludes(await read(endless.url), "larger than");
});

Deno.test("an abort ends a read with its own reason", async () => {
  const answered = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using silent = serve(async () => {
    arrived.resolve();
    await answered.promise;
    return new Response();
  });
  const stop = new AbortController();
  const spec = { type: "json", url: silent.url, field: "a" } as const;
  const read = readJsonField(spec, realRuntime, stop.signal);
  const rejected = assertRejects(() => read, DOMException, "stopping");
  await arrived.promise;
  stop.abort(new DOMException("stopping", "AbortError"));
  await rejected;
  answered.resolve();
});

Deno.test("a field of a JSON document is a number at the end of its keys", async () => {
  const document = { queue: { waiting: 12, name: "x", sizes: [1, 2] }, nothing: null };
  await using server = serve((request) =>
    Response.json(document, { status: new URL(request.url).pathname === "/gone" ? 410 : 200 })
  );
  const read = (field: string, path = "/") =>
    readJsonField({ type: "json", url: server.url + path, field }, realRuntime, NEVER);
  assertEquals(await read("queue.waiting"), 12);
  assertEquals(await read("queue.sizes.1"), 2);
  assertEquals(await failure(read("queue.name")), "the field queue.name is not a number");
  for (const field of ["queue.waitin", "nothing.x", "queue.waiting.x", "constructor.name", "queue.sizes.2"]) {
    assertEquals(await failure(read(field)), `the document has no field ${field}`);
  }
  assertEquals(await failure(read("queue.waiting", "/gone")), "HTTP status 410");
});
