/**
 * A node_exporter on each simulated machine: it shows the CPU time of the machine alone. All machines share one host, so that a real
 * node_exporter would show the CPU of the host for each of them.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock.ts";
import type { Machine } from "./machine.ts";
import { untilAborted } from "../wire/until_aborted.ts";

/** The port of node_exporter. */
export const EXPORTER_PORT = 9_100;

/** The machine of an exporter. */
type ExportedMachine = Machine & { readonly isSuspended: boolean };

/** Starts the exporter of a machine. */
export type StartExporter = (
  machine: ExportedMachine,
  instance: { readonly address: string; readonly vcpus?: number },
) => AsyncDisposable;

/** The CPU time of a machine as its exporter shows it. */
export class MachineCpu {
  readonly #machine: Pick<Machine, "cpuSeconds">;
  readonly #clock: Pick<Clock, "now">;
  /** Busy and idle seconds of each vCPU. */
  readonly #cpus: { busy: number; idle: number }[];
  #read: { readonly at: number; readonly used: number };

  constructor(machine: Pick<Machine, "cpuSeconds">, clock: Pick<Clock, "now">, vcpus: number) {
    this.#machine = machine;
    this.#clock = clock;
    this.#cpus = Array.from({ length: vcpus }, () => ({ busy: 0, idle: 0 }));
    this.#read = { at: clock.now(), used: machine.cpuSeconds() };
  }

  /** Returns the metrics as text. The load fills one vCPU after the other, as the load of a service with one thread does. */
  exposition(): string {
    const at = this.#clock.now();
    const used = this.#machine.cpuSeconds();
    const elapsed = Math.max(0, at - this.#read.at) / 1_000;
    let left = used - this.#read.used;
    this.#read = { at, used };
    for (const cpu of this.#cpus) {
      const busy = Math.min(left, elapsed);
      left -= busy;
      cpu.busy += busy;
      cpu.idle += elapsed - busy;
    }
    const lines = this.#cpus.flatMap(({ busy, idle }, cpu) => [
      `node_cpu_seconds_total{cpu="${cpu}",mode="idle"} ${idle}\n`,
      `node_cpu_seconds_total{cpu="${cpu}",mode="user"} ${busy}\n`,
    ]);
    return "# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.\n" +
      `# TYPE node_cpu_seconds_total counter\n${lines.join("")}`;
  }
}

/**
 * Returns a function that starts the exporter of a machine with a loopback address. Where another program uses the port, the machine has
 * none.
 */
export function exporters(
  clock: Pick<Clock, "now">,
  faults: { occurs(fault: "lostScrapes"): boolean },
): StartExporter {
  const isLost = () => faults.occurs("lostScrapes");
  let isWarned = false;
  return (machine, { address, vcpus = 1 }) => {
    try {
      return serve(address, machine, new MachineCpu(machine, clock, vcpus), isLost);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      if (!isWarned) {
        getLogger(["kas", "sandbox"]).warn(
          "no node_exporter on the instances: another program uses its port",
          {
            port: EXPORTER_PORT,
          },
        );
      }
      isWarned = true;
      return { [Symbol.asyncDispose]: () => Promise.resolve() };
    }
  };
}

function serve(
  hostname: string,
  machine: ExportedMachine,
  cpu: MachineCpu,
  isLost: () => boolean,
): AsyncDisposable {
  const closed = new AbortController();
  const server = Deno.serve(
    { hostname, port: EXPORTER_PORT, signal: closed.signal, onListen: () => {} },
    async (request) => {
      if (machine.isSuspended || isLost()) await untilAborted(request.signal, closed.signal);
      if (new URL(request.url).pathname !== "/metrics") return new Response("not found", { status: 404 });
      return new Response(cpu.exposition(), { headers: { "content-type": "text/plain; version=0.0.4" } });
    },
  );
  return {
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await server.finished;
    },
  };
}
