import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { type Scrape, type Scraped, Scraper } from "../../../src/autoscaler/telemetry/scraper.ts";
import { parseScrapeTarget } from "../../../src/health/scrape.ts";
import { realRuntime } from "../../../src/runtime.ts";
import { installed, program, testWith } from "../../support/needs.ts";
import { start } from "../../support/kas.ts";

/** Scrapes 127.0.0.1 at a port under the names of instances, until `enough` says so. Returns the scrapes of each instance. */
async function scrape(
  { port, path = "/metrics", names = ["i-1"], interval = 100, wanted = [] }: {
    readonly port: number;
    readonly path?: string;
    readonly names?: readonly string[];
    readonly interval?: number;
    readonly wanted?: readonly string[];
  },
  enough: (rounds: readonly (readonly Scrape[])[]) => boolean,
): Promise<Map<string, Scrape[]>> {
  const rounds: (readonly Scrape[])[] = [];
  const done = Promise.withResolvers<void>();
  const instances = names.map((id): Scraped => ({ id, host: "127.0.0.1", launched: 1 }));
  await using scraper = new Scraper({
    clock: realRuntime.clock,
    keepConnection: realRuntime.keepConnection,
    target: () => parseScrapeTarget(`http:${port}${path}`),
    interval: () => interval,
    wanted: () => wanted,
    onRound: (scrapes) => {
      rounds.push(scrapes);
      if (enough(rounds)) done.resolve();
    },
  });
  scraper.watch(instances);
  await done.promise;
  return Map.groupBy(rounds.flat(), ({ id }) => id);
}

/** A server of metrics. */
function server(respond: (n: number) => Response | Promise<Response>) {
  let requests = 0;
  const clients = new Set<number>();
  const running = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (_, { remoteAddr }) => {
    clients.add(remoteAddr.port);
    return respond(++requests);
  });
  return { port: running.addr.port, clients, [Symbol.asyncDispose]: () => running.shutdown() };
}

/** The text of a machine that was busy for half of each second. */
const half = (n: number) =>
  new Response(
    `node_cpu_seconds_total{cpu="0",mode="idle"} ${n}\nnode_cpu_seconds_total{cpu="0",mode="user"} ${n}\njobs 7\n`,
  );

Deno.test("the scraper reads the CPU and the wanted metrics of many instances, each over one connection", async () => {
  await using metrics = server(half);
  const names = Array.from({ length: 40 }, (_, i) => `i-${i}`);
  const found = await scrape(
    { port: metrics.port, names, interval: 2_000, wanted: ["jobs"] },
    ({ length }) => length === 2,
  );
  assertEquals(found.size, 40);
  assertEquals(metrics.clients.size, 40);
  for (const [first, second] of found.values()) {
    assertEquals([first?.cpu, first?.problem, first?.samples.get("jobs")?.[0]?.value], [
      undefined,
      undefined,
      7,
    ]);
    assertEquals([second?.cpu?.mean, second?.before, second?.exporter], [50, first?.at, "node_exporter"]);
  }
});

Deno.test("an instance that answers too late, too much, or with an error has a problem and holds the others up only briefly", async () => {
  const held = Promise.withResolvers<Response>();
  await using late = server(() => held.promise);
  const begun = performance.now();
  const slow = await scrape({ port: late.port, interval: 500 }, ({ length }) => length === 2);
  assertMatch(slow.get("i-1")?.[0]?.problem ?? "", /^no answer within 0\.4 s$/);
  assertLess(performance.now() - begun, 5_000);
  held.resolve(new Response());
  const problems: readonly [() => Response, RegExp][] = [
    [() => new Response("x".repeat(5_000_000)), /larger than 4194304 bytes/],
    [() => new Response("no", { status: 404 }), /the answer was 404/],
    [() => Response.redirect("http://127.0.0.1:1/metrics"), /the answer was 302/],
    [() => new Response("up 1\n"), /it has no metric node_cpu_seconds_total/],
  ];
  for (const [respond, expected] of problems) {
    await using bad = server(respond);
    const found = await scrape({ port: bad.port, interval: 1_000 }, ({ length }) => length === 1);
    assertMatch(found.get("i-1")?.[0]?.problem ?? "", expected);
  }
});

Deno.test("after a failed scrape the CPU is the mean since the last one that succeeded, and a restart of the machine is no load", async () => {
  await using metrics = server((n) =>
    n === 2 ? new Response("", { status: 500 }) : n === 4 ? half(0) : half(n)
  );
  const found = await scrape({ port: metrics.port }, ({ length }) => length === 5);
  const all = found.get("i-1") ?? [];
  assertEquals(all.map(({ cpu }) => cpu?.mean), [undefined, undefined, 50, undefined, 50]);
  assertEquals([all[2]?.before, all[1]?.problem], [all[0]?.at, "the answer was 500"]);
});

testWith([program("prometheus-node-exporter")], "the scraper reads Debian's node_exporter", async () => {
  const port = (() => {
    using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return free.addr.port;
  })();
  const [path = ""] = installed("prometheus-node-exporter");
  await using exporter = start([path, `--web.listen-address=127.0.0.1:${port}`]);
  await exporter.line(/Listening on|TLS is disabled/);
  const wanted = ["node_memory_MemTotal_bytes"];
  const found = await scrape(
    { port, interval: 500, wanted },
    (rounds) => rounds.flat().filter(({ cpu }) => cpu !== undefined).length >= 2,
  );
  const last = found.get("i-1")?.at(-1);
  assert((last?.cpu?.mean ?? -1) >= 0 && (last?.cpu?.mean ?? 101) <= 100, `${last?.cpu?.mean}`);
  assert((last?.cpu?.busiest ?? -1) >= (last?.cpu?.mean ?? 0) - 1e-6);
  assert((last?.samples.get("node_memory_MemTotal_bytes")?.[0]?.value ?? 0) > 1e6);
});
