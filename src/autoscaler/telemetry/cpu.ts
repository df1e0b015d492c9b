/**
 * How busy the CPUs of an instance were between two scrapes.
 *
 * @module
 */
import type { Sample } from "./exposition.ts";

/** The programs from which kas can read the CPU time of a machine. */
export type Exporter = "node_exporter" | "kas worker";

/** The metric with the CPU time of a machine, by its exporter. kas reads the first one that has samples. */
const METRICS: readonly { readonly exporter: Exporter; readonly metric: string }[] = [
  { exporter: "node_exporter", metric: "node_cpu_seconds_total" },
  { exporter: "kas worker", metric: "kas_worker_cpu_seconds_total" },
];

/** The metrics with the CPU time of a machine. */
export const CPU_METRICS = METRICS.map(({ metric }) => metric);

/** CPU seconds since the machine started, by CPU and mode. */
export type CpuCounters = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** How busy the CPUs were, in percent. */
export interface CpuUsage {
  /** The mean over the CPUs. */
  readonly mean: number;
  /** The busiest CPU: a service with one thread loads only one. */
  readonly busiest: number;
}

/** The modes in which a CPU does nothing. Time that the hypervisor took from the machine (`steal`) counts as busy. */
const IDLE: ReadonlySet<string> = new Set(["idle", "iowait"]);

/**
 * By how much the idle time of a CPU may decrease, in seconds. The kernel counts the waits for I/O inexactly, so they sometimes go back.
 * Source: Linux, Documentation/filesystems/proc.rst, iowait. node_exporter tolerates the same 3 s.
 */
const JUMP = 3;

/** Returns the exporter whose CPU time a scrape has. Undefined if it has none. */
export function exporterOf(samples: ReadonlyMap<string, readonly Sample[]>): Exporter | undefined {
  return METRICS.find(({ metric }) => (samples.get(metric) ?? []).length > 0)?.exporter;
}

/** Returns the CPU times of a scrape. Undefined if it has none. A series that repeats counts once, with its last value. */
export function cpuCounters(samples: ReadonlyMap<string, readonly Sample[]>): CpuCounters | undefined {
  const found = CPU_METRICS.map((name) => samples.get(name) ?? []).find(({ length }) => length > 0) ?? [];
  const counters = new Map<string, Map<string, number>>();
  for (const { labels: { cpu, mode }, value } of found) {
    if (cpu === undefined || mode === undefined || !Number.isFinite(value) || value < 0) continue;
    const modes = counters.get(cpu);
    if (modes === undefined) counters.set(cpu, new Map([[mode, value]]));
    else modes.set(mode, value);
  }
  return counters.size === 0 ? undefined : counters;
}

/**
 * Returns how busy the CPUs were between two scrapes. A CPU counts that both scrapes have. Undefined if the machine started again in
 * between, or if no time passed on its CPUs.
 */
export function usageBetween(before: CpuCounters, after: CpuCounters): CpuUsage | undefined {
  let [busy, total, busiest] = [0, 0, 0];
  for (const [cpu, now] of after) {
    const then = before.get(cpu);
    if (then === undefined) continue;
    const passed = passedOn(then, now);
    if (passed === undefined) return undefined;
    busy += passed.busy;
    total += passed.busy + passed.idle;
    const share = passed.busy / (passed.busy + passed.idle);
    if (Number.isFinite(share)) busiest = Math.max(busiest, share);
  }
  return total > 0 ? { mean: 100 * busy / total, busiest: 100 * busiest } : undefined;
}

/** Returns the busy and the idle seconds of a CPU. Undefined if its counters started again from 0, or lack the idle time. */
function passedOn(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): { busy: number; idle: number } | undefined {
  if (!before.has("idle") || !after.has("idle")) return undefined;
  let [busy, idle] = [0, 0];
  for (const [mode, now] of after) {
    const then = before.get(mode);
    if (then === undefined) continue;
    const passed = now - then;
    if (passed < -JUMP || (passed < 0 && !IDLE.has(mode))) return undefined;
    if (IDLE.has(mode)) idle += Math.max(0, passed);
    else busy += passed;
  }
  return { busy, idle };
}
