import { assertEquals, assertMatch } from "@std/assert";
import { admin } from "../../../../../src/admin/command.ts";
import { type Ended, runWords, type Surroundings } from "../../../cli/captured.ts";

const ROOT = { name: "kas", summary: "kas", commands: [admin] };

function kas(args: string, surroundings: Surroundings = {}): Promise<Ended> {
  return runWords(ROOT, ["admin", "load", ...args.split(" ")], surroundings);
}

/**
 * Starts a worker that answers only the first `answers` requests, and the first `failures` of them with status 404. `requests` contains the requests that it received.
 */
function worker(
  { status = 200, answers = Infinity, failures = 0 } = {},
): { readonly url: string; readonly requests: string[] } & AsyncDisposable {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    requests.push(`${request.method} ${pathname}${search}`);
    if (requests.length > answers) {
      await new Promise((gone) => request.signal.addEventListener("abort", gone));
    }
    return new Response("1\t0.500000", { status: requests.length <= failures ? 404 : status });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, requests, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("kas admin load with --clients sends requests to the URL and prints a row", async () => {
  await using w = worker();
  const { status, out, err } = await kas(
    `--url ${w.url}/api/jobs?limit=1 --clients 2 --think 20ms --duration 200ms --output json`,
  );
  assertEquals([status, err], [0, ""]);
  const [row, ...others] = JSON.parse(out);
  assertEquals(others, []);
  assertEquals([row.step, row.clients, row.requests, row.errors], [1, 2, w.requests.length, 0]);
  assertEquals([...new Set(w.requests)], ["GET /api/jobs?limit=1"]);
  assertMatch(`${row.rps} ${row.p50_ms} ${row.p99_ms}`, /^\d+\.\d\d \d+\.\d \d+\.\d$/);
});

Deno.test("kas admin load with --rate prints no number of clients", async () => {
  await using w = worker();
  const { status, out } = await kas(`--url ${w.url} --rate 50 --duration 200ms --no-header --output tsv`);
  assertEquals(status, 0);
  assertMatch(out, new RegExp(`^1\t-\t${w.requests.length}\t0\t`));
});

Deno.test("kas admin load --scenario nine-steps prints a row for each step", async () => {
  await using w = worker();
  const { status, out } = await kas(
    `--url ${w.url} --scenario nine-steps --step 30ms --think 5ms --output json`,
  );
  assertEquals(status, 0);
  const rows: { step: number; clients: number }[] = JSON.parse(out);
  assertEquals(rows.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(rows.map(({ clients }) => clients), [1, 2, 3, 4, 3, 2, 2, 1, 0]);
});

Deno.test("kas admin load counts responses without status 200 as errors, and exits with status 1 if all requests fail", async () => {
  await using w = worker({ status: 503 });
  const { status, out, err } = await kas(`--url ${w.url} --think 1ms --duration 50ms --output json`);
  const [row] = JSON.parse(out);
  assertEquals(row.errors, row.requests);
  assertEquals(status, 1);
  assertEquals(err, `kas: No request to ${w.url} got status 200: ${row.errors} × HTTP status 503\n`);
});

Deno.test("kas admin load says how many requests failed, by status, if others got status 200", async () => {
  await using w = worker({ failures: 2 });
  const { status, err } = await kas(`--url ${w.url} --clients 3 --think 1h --duration 300ms`);
  assertEquals([status, err], [0, "Failed requests: 2 × HTTP status 404\n"]);
});

Deno.test("kas admin load prints the row so far when an operator interrupts it", async () => {
  await using w = worker({ answers: 3 });
  const stop = new AbortController();
  const run = kas(`--url ${w.url} --think 5ms --duration 1h --output json`, { signal: stop.signal });
  while (w.requests.length < 4) await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort();
  const { status, out } = await run;
  assertEquals(status, 0);
  const [row, ...others] = JSON.parse(out);
  assertEquals([row.requests, row.errors, others], [3, 0, []]);
});

Deno.test("kas admin load needs a URL, and accepts only one of --clients, --rate and --scenario", async () => {
  assertEquals((await kas("--clients 2")).status, 2);
  const { status, err } = await kas("--url http://127.0.0.1:1 --clients 2 --rate 5");
  assertEquals(status, 2);
  assertMatch(err, /--clients .*--rate/);
});
