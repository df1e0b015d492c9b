import { assert, assertEquals } from "@std/assert";
import { LatencyHistogram, RequestStatistics } from "../../../../../src/admin/sandbox/load/statistics.ts";

function near(actual: number | undefined, expected: number): void {
  assert(
    actual !== undefined && Math.abs(actual / expected - 1) < 0.006,
    `${actual} is not about ${expected}`,
  );
}

Deno.test("percentile() returns the latency of the nearest rank, with an error below 0.6 %", () => {
  const latencies = new LatencyHistogram();
  for (let ms = 1_000; ms >= 1; ms--) latencies.add(ms);
  near(latencies.percentile(0.5), 500);
  near(latencies.percentile(0.99), 990);
  near(latencies.percentile(1), 1_000);
});

Deno.test("percentile() of a single latency returns this latency, and without latencies it returns undefined", () => {
  const latencies = new LatencyHistogram();
  assertEquals(latencies.percentile(0.5), undefined);
  latencies.add(42);
  near(latencies.percentile(0.5), 42);
  near(latencies.percentile(0.99), 42);
});

Deno.test("row() contains the requests, errors, rate and percentiles of a scenario step", () => {
  let now = 5_000;
  const tally = new RequestStatistics(() => now);
  for (let n = 0; n < 99; n++) tally.add(10, true);
  tally.add(500, false);
  now += 20_000;
  assertEquals(tally.row(3, 2), {
    step: 3,
    clients: 2,
    requests: 100,
    errors: 1,
    rps: "5.00",
    "p50_ms": "10.0",
    "p99_ms": "10.0",
  });
});

Deno.test("row() contains no latencies for a step without requests", () => {
  const { requests, p50_ms: p50, rps } = new RequestStatistics(() => 0).row(9, 0);
  assertEquals([requests, p50, rps], [0, undefined, "0.00"]);
});
