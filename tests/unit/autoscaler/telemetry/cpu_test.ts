import { assertEquals } from "@std/assert";
import {
  type CpuCounters,
  cpuCounters,
  exporterOf,
  usageBetween,
} from "../../../../src/autoscaler/telemetry/cpu.ts";

type Modes = Readonly<Record<string, number>>;

/** Returns the counters of CPUs, by the modes of each. */
function counters(...cpus: readonly Modes[]): CpuCounters {
  return new Map(cpus.map((modes, cpu) => [String(cpu), new Map(Object.entries(modes))]));
}

Deno.test("the CPU is what the machine did not idle or wait, and steal counts as busy", () => {
  const before = counters({ user: 10, system: 5, idle: 100, iowait: 10, steal: 0 });
  const after = counters({ user: 12, system: 6, idle: 105, iowait: 11, steal: 1 });
  assertEquals(Math.round(usageBetween(before, after)?.mean ?? NaN), 40);
});

Deno.test("the mean is over all CPUs, and the busiest one is known too", () => {
  const before = counters({ user: 0, idle: 0 }, { user: 0, idle: 0 });
  const after = counters({ user: 10, idle: 0 }, { user: 1, idle: 9 });
  assertEquals(usageBetween(before, after), { mean: 55, busiest: 100 });
});

Deno.test("a machine that started again between two scrapes gives no usage", () => {
  const before = counters({ user: 500, idle: 1_000 });
  assertEquals(usageBetween(before, counters({ user: 2, idle: 30 })), undefined);
  assertEquals(usageBetween(before, counters({ user: 600, idle: 30 })), undefined);
});

Deno.test("idle time and waits for I/O may go back a little, and then count as 0", () => {
  const before = counters({ user: 10, idle: 100, iowait: 10 });
  const after = counters({ user: 11, idle: 101, iowait: 9 });
  assertEquals(usageBetween(before, after)?.mean, 50);
});

Deno.test("a CPU or a mode that only one scrape has does not count", () => {
  const before = counters({ user: 10, idle: 100 });
  assertEquals(
    usageBetween(before, counters({ user: 11, idle: 101, steal: 50 }, { user: 9, idle: 0 }))?.mean,
    50,
  );
  assertEquals(usageBetween(counters({ user: 1 }), counters({ user: 2 })), undefined);
  assertEquals(usageBetween(before, before), undefined);
  assertEquals(usageBetween(counters(), before), undefined);
});

Deno.test("the counters are those of node_exporter, else of kas worker", () => {
  const sample = (cpu: string, value: number) => ({ labels: { cpu, mode: "idle" }, value });
  const worker = ["kas_worker_cpu_seconds_total", [sample("0", 7)]] as const;
  assertEquals(cpuCounters(new Map([worker]))?.get("0")?.get("idle"), 7);
  const both = new Map([worker, ["node_cpu_seconds_total", [sample("0", 8)]] as const]);
  assertEquals(cpuCounters(both)?.get("0")?.get("idle"), 8);
  assertEquals([exporterOf(new Map([worker])), exporterOf(both), exporterOf(new Map())], [
    "kas worker",
    "node_exporter",
    undefined,
  ]);
});

Deno.test("a series that repeats counts once, and a value that is no time does not count", () => {
  const sample = (value: number, cpu = "0") => ({ labels: { cpu, mode: "idle" }, value });
  const read = (...samples: ReturnType<typeof sample>[]) =>
    cpuCounters(new Map([["node_cpu_seconds_total", samples]]));
  assertEquals(read(sample(1), sample(2))?.get("0")?.get("idle"), 2);
  assertEquals(read(sample(NaN), sample(-1), sample(Infinity)), undefined);
  assertEquals(read(), undefined);
});
