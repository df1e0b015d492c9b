import { assertEquals } from "@std/assert";
import { workerHandler, type WorkerParts } from "../../../src/worker/handler.ts";

const PARTS: WorkerParts = {
  full: () => false,
  burn: () => Promise.resolve({ w: 30_475, seconds: 0.5085361 }),
  onFailure: () => {},
  onEnd: () => {},
  metrics: () => Promise.resolve("# EOF\n"),
  version: "1.2.3",
};

/** Calls the handler. Returns the status, the body and some headers of the response. */
async function ask(method: string, path: string, parts: Partial<WorkerParts> = {}): Promise<unknown[]> {
  const response = await workerHandler({ ...PARTS, ...parts })(
    new Request(`http://worker${path}`, { method }),
  );
  assertEquals(response.headers.get("content-type"), "text/plain");
  const extra = response.headers.get("allow") ?? response.headers.get("retry-after");
  return [response.status, await response.text(), ...extra === null ? [] : [extra]];
}

Deno.test("GET /ping and HEAD /ping return pong", async () => {
  assertEquals(await ask("GET", "/ping"), [200, "pong"]);
  assertEquals((await ask("HEAD", "/ping"))[0], 200);
  assertEquals(await ask("GET", "/ping?from=/work"), [200, "pong"]);
});

Deno.test("the response to /ping contains the version in a header, before and after the first /work request", async () => {
  const handler = workerHandler(PARTS);
  const version = async () => (await handler(new Request("http://worker/ping"))).headers.get("kas-version");
  assertEquals(await version(), "1.2.3");
  await handler(new Request("http://worker/work"));
  assertEquals(await version(), "1.2.3");
});

Deno.test("GET /work returns the integer, a tab, and the seconds with six decimals", async () => {
  assertEquals(await ask("GET", "/work"), [200, "30475\t0.508536"]);
  assertEquals(await ask("GET", "/work?n=1"), [200, "30475\t0.508536"]);
});

Deno.test("the response to /ping contains the time of the first response to /work in a header (R17)", async () => {
  let now = Date.UTC(2026, 10, 24);
  let full = true;
  const handler = workerHandler({ ...PARTS, full: () => full, now: () => now });
  const ask = async (method: string, path: string) => {
    const response = await handler(new Request(`http://worker${path}`, { method }));
    await response.body?.cancel();
    return [response.status, response.headers.get("kas-first-work"), response.headers.get("content-type")];
  };
  await ask("GET", "/work");
  assertEquals(await ask("GET", "/ping"), [200, null, "text/plain"]);
  full = false;
  await ask("GET", "/work");
  now += 60_000;
  await ask("GET", "/work");
  assertEquals(await ask("GET", "/ping"), [200, "2026-11-24T00:00:00.000Z", "text/plain"]);
  assertEquals(await ask("HEAD", "/ping"), [200, "2026-11-24T00:00:00.000Z", "text/plain"]);
});

Deno.test("the worker returns 404 for an unknown path with any method", async () => {
  for (const path of ["/", "/pingx", "/works", "/ping/x"]) {
    assertEquals(await ask("GET", path), [404, "not found"]);
  }
  assertEquals(await ask("POST", "/"), [404, "not found"]);
});

Deno.test("the worker returns 405 with the allowed methods for any other method", async () => {
  assertEquals(await ask("POST", "/ping"), [405, "method not allowed", "GET, HEAD"]);
  assertEquals(await ask("POST", "/work"), [405, "method not allowed", "GET"]);
  assertEquals(await ask("HEAD", "/work"), [405, "method not allowed", "GET"]);
});

Deno.test("/work returns 503 with Retry-After while the queue is full, and /ping still works", async () => {
  const full = () => true;
  assertEquals(await ask("GET", "/work", { full }), [503, "too many requests are waiting", "1"]);
  assertEquals(await ask("GET", "/ping", { full }), [200, "pong"]);
});

Deno.test("/work returns 500 when its burn job fails, and only the log contains the cause", async () => {
  const logged: unknown[] = [];
  const error = new Error("secret");
  const parts = { burn: () => Promise.reject(error), onFailure: (error: unknown) => logged.push(error) };
  assertEquals(await ask("GET", "/work", parts), [500, "the /work request failed"]);
  assertEquals(logged, [error]);
});

Deno.test("the worker does not report a client that disconnects as a failure", async () => {
  const logged: unknown[] = [];
  const gone = AbortSignal.abort();
  const handler = workerHandler({
    ...PARTS,
    burn: (signal) => Promise.reject(signal.reason),
    onFailure: (error) => logged.push(error),
  });
  await handler(new Request("http://worker/work", { signal: gone }));
  assertEquals(logged, []);
});

Deno.test("the worker reports how each /work request ended", async () => {
  const ended: string[] = [];
  const onEnd = (outcome: string) => void ended.push(outcome);
  await ask("GET", "/work", { onEnd });
  await ask("GET", "/work", { onEnd, full: () => true });
  const burn = () => Promise.reject(new Error("no thread"));
  await ask("GET", "/work", { onEnd, burn });
  const gone = new Request("http://worker/work", { signal: AbortSignal.abort() });
  await (await workerHandler({ ...PARTS, onEnd, burn })(gone)).text();
  await ask("GET", "/ping", { onEnd });
  assertEquals(ended, ["served", "refused", "failed", "cancelled"]);
});

Deno.test("GET /metrics returns the metrics with the media type of Prometheus", async () => {
  const request = async (method: string) =>
    await workerHandler(PARTS)(new Request("http://worker/metrics", { method }));
  const response = await request("GET");
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assertEquals(await response.text(), "# EOF\n");
  assertEquals([(await request("HEAD")).status, (await request("POST")).status], [200, 405]);
});
