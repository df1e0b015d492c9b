/**
 * The text of `GET /metrics` of the worker, in the Prometheus text format.
 *
 * kas writes this text itself: loading prom-client would delay the first answer to /ping by about 45 ms.
 *
 * @module
 */
import type { CpuSource } from "./machine_cpu.ts";

/** How a /work request ended. */
export type WorkOutcome = "served" | "refused" | "failed" | "cancelled";

/** The state of the worker at one moment. */
export interface WorkerState {
  readonly version: string;
  /** How many /work requests have ended, by outcome. */
  readonly ended: Readonly<Record<WorkOutcome, number>>;
  /** How many /work requests use CPU now. */
  readonly inProgress: number;
  /** How many /work requests wait for a thread. */
  readonly waiting: number;
  /** How many threads process /work requests. */
  readonly threads: number;
}

/** The media type of the Prometheus text format. */
export const EXPOSITION = "text/plain; version=0.0.4; charset=utf-8";

const CPU_HELP = {
  machine:
    "Seconds that each CPU of the machine spent in each mode since the machine started, from /proc/stat.",
  process: "Seconds that this process spent in each mode, because the machine has no readable /proc/stat.",
} as const;

/** Returns the metrics as text. */
export async function exposition(state: WorkerState, cpu: CpuSource): Promise<string> {
  const { version, ended, inProgress, waiting, threads } = state;
  const times = (await cpu.read()).flatMap(({ cpu, modes }) =>
    modes.map(([mode, seconds]) => [`cpu="${cpu}",mode="${mode}"`, seconds] as const)
  );
  return [
    family("kas_worker_cpu_seconds_total", "counter", CPU_HELP[cpu.of], times),
    family(
      "kas_worker_requests_total",
      "counter",
      "Requests of /work that have ended. A refused request found the queue full. A cancelled request lost its client.",
      Object.entries(ended).map(([outcome, count]) => [`outcome="${outcome}"`, count] as const),
    ),
    family("kas_worker_requests_in_progress", "gauge", "Requests of /work that use CPU now.", [[
      "",
      inProgress,
    ]]),
    family("kas_worker_requests_waiting", "gauge", "Requests of /work that wait for a thread.", [[
      "",
      waiting,
    ]]),
    family("kas_worker_threads", "gauge", "Threads that process requests of /work.", [["", threads]]),
    family("kas_worker_info", "gauge", "The version of kas, as a label. The value is always 1.", [
      [`version="${version}"`, 1],
    ]),
  ].join("");
}

/** Returns the lines of one metric. No label value contains a character that the format escapes. */
function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string {
  const lines = samples.map(([labels, value]) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
