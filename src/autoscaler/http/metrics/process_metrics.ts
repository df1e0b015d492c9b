/**
 * The metrics of the process. They do not have the label `fleet`, because several fleets can share a process.
 *
 * @module
 */
import process from "node:process";
import { Counter, Gauge, Registry } from "prom-client";

/** Reads the memory and the CPU time of the process for `GET /metrics`. */
export class ProcessMetrics {
  readonly #registry = new Registry();
  readonly #memory: Gauge;
  readonly #cpu: Counter;

  /**
   * @param version the version of kas
   * @param started when the process started, in ms since the epoch
   */
  constructor(version: string, started: number) {
    const registers = [this.#registry];
    new Gauge({
      name: "kas_build_info",
      help: "Always 1, with the versions as labels",
      labelNames: ["version", "deno"],
      registers,
    }).set({ version, deno: Deno.version.deno }, 1);
    new Gauge({
      name: "process_start_time_seconds",
      help: "Start time of the process since the epoch",
      registers,
    }).set(started / 1_000);
    this.#memory = new Gauge({
      name: "process_resident_memory_bytes",
      help: "Resident memory of the process",
      registers,
    });
    this.#cpu = new Counter({
      name: "process_cpu_seconds_total",
      help: "CPU time of the process, user and system",
      registers,
    });
  }

  /** Returns the metrics in Prometheus's text format. */
  async exposition(): Promise<string> {
    this.#memory.set(Deno.memoryUsage().rss);
    const { user, system } = process.cpuUsage();
    this.#cpu.reset();
    this.#cpu.inc((user + system) / 1_000_000);
    return await this.#registry.metrics();
  }
}
