import { assertEquals, assertMatch } from "@std/assert";
import { admin } from "../../../../src/admin/command.ts";
import { type Ended, runWords, type Surroundings } from "../../cli/captured.ts";

const ROOT = { name: "kas", summary: "kas", commands: [admin] };

function kas(words: string, surroundings: Surroundings = {}): Promise<Ended> {
  return runWords(ROOT, ["admin", "load", ...words.split(" ")], surroundings);
}

/** A worker that answers at once, but only so many requests and none after them; and what was asked of it. */
function worker(
  { status = 200, answers = Infinity } = {},
): { readonly url: string; readonly asked: string[] } & AsyncDisposable {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    if (asked.length > answers) await new Promise((gone) => request.signal.addEventListener("abort", gone));
    return new Response("1\t0.500000", { status });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("load asks for /work with so many clients and prints a row", async () => {
  await using w = worker();
  const { status, out, err } = await kas(
    `--url ${w.url} --clients 2 --think 20ms --duration 200ms --output json`,
  );
  assertEquals([status, err], [0, ""]);
  const [row, ...others] = JSON.parse(out);
  assertEquals(others, []);
  assertEquals([row.step, row.clients, row.requests, row.errors], [1, 2, w.asked.length, 0]);
  assertEquals([...new Set(w.asked)], ["GET /work"]);
  assertMatch(`${row.rps} ${row.p50_ms} ${row.p99_ms}`, /^\d+\.\d\d \d+\.\d \d+\.\d$/);
});

Deno.test("load at a rate prints no number of clients", async () => {
  await using w = worker();
  const { status, out } = await kas(`--url ${w.url} --rate 50 --duration 200ms --no-header --output tsv`);
  assertEquals(status, 0);
  assertMatch(out, new RegExp(`^1\t-\t${w.asked.length}\t0\t`));
});

Deno.test("load plays the nine steps, a row each", async () => {
  await using w = worker();
  const { status, out } = await kas(
    `--url ${w.url} --scenario nine-steps --step 30ms --think 5ms --output json`,
  );
  assertEquals(status, 0);
  const rows: { step: number; clients: number }[] = JSON.parse(out);
  assertEquals(rows.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(rows.map(({ clients }) => clients), [1, 2, 3, 4, 3, 2, 2, 1, 0]);
});

Deno.test("load counts what was not answered 200, and ends with 1 if nothing was", async () => {
  await using w = worker({ status: 503 });
  const { status, out, err } = await kas(`--url ${w.url} --think 1ms --duration 50ms --output json`);
  const [row] = JSON.parse(out);
  assertEquals(row.errors, row.requests);
  assertEquals(status, 1);
  assertMatch(err, /answered nothing/);
});

Deno.test("load ends with the row so far when it is interrupted", async () => {
  await using w = worker({ answers: 3 });
  const stop = new AbortController();
  const run = kas(`--url ${w.url} --think 5ms --duration 1h --output json`, { signal: stop.signal });
  while (w.asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort();
  const { status, out } = await run;
  assertEquals(status, 0);
  const [row, ...others] = JSON.parse(out);
  assertEquals([row.requests, row.errors, others], [3, 0, []]);
});

Deno.test("load needs a URL and one way to load", async () => {
  assertEquals((await kas("--clients 2")).status, 2);
  const { status, err } = await kas("--url http://127.0.0.1:1 --clients 2 --rate 5");
  assertEquals(status, 2);
  assertMatch(err, /--clients and --rate exclude each other/);
});
