/**
 * How much CPU time the machine has used since it started, for `GET /metrics`.
 *
 * @module
 */
/** CPU time in seconds since a fixed moment, by mode. */
export interface CpuTime {
  /** The number of the CPU from 0, or `process` if the times are those of the process. */
  readonly cpu: string;
  /** The modes have the names of node_exporter's metric `node_cpu_seconds_total`. */
  readonly modes: readonly (readonly [mode: string, seconds: number])[];
}

/** A source of CPU times. */
export interface CpuSource extends Disposable {
  /** Whose times these are. */
  readonly of: "machine" | "process";
  /** Returns the times. */
  read(): Promise<readonly CpuTime[]>;
}

/** The modes in the columns of a line of /proc/stat. `user` and `nice` contain the time of guests. Source: proc(5). */
const MODES = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;

/** Clock ticks a second in /proc/stat. Source: Linux proc(5); USER_HZ is 100 on every architecture in use. */
const USER_HZ = 100;

/** How much of /proc/stat kas reads, in bytes. The lines of 1,024 CPUs, which are the first lines, take 100 KB. */
const LONGEST = 128 * 1_024;

/** Matches the line of one CPU. The first line of the file has the sum of all CPUs, without a number. */
const LINE = /^cpu(\d+) (\d+(?: \d+)*)$/gm;

/** Returns the times in a text of the form of /proc/stat. */
export function cpuTimesIn(stat: string): readonly CpuTime[] {
  return Array.from(stat.matchAll(LINE), ([, cpu = "", columns = ""]) => {
    const ticks = columns.split(" ").map(Number);
    return { cpu, modes: MODES.map((mode, i) => [mode, (ticks[i] ?? 0) / USER_HZ] as const) };
  });
}

/**
 * Opens the source of the machine's CPU times. Without /proc/stat, for example on macOS, returns those of this process.
 *
 * The source keeps the file open: it can then read it after the process has dropped its permissions.
 */
export function openMachineCpu(path = "/proc/stat"): CpuSource {
  const file = open(path);
  if (file === undefined) return { of: "process", read: processTimes, [Symbol.dispose]: () => {} };
  const bytes = new Uint8Array(LONGEST);
  return {
    of: "machine",
    read: () => {
      file.seekSync(0, Deno.SeekMode.Start);
      let size = 0;
      // The kernel may return the file in several pieces.
      for (let n = file.readSync(bytes); n !== null && n > 0; n = file.readSync(bytes.subarray(size))) {
        size += n;
      }
      return Promise.resolve(cpuTimesIn(new TextDecoder().decode(bytes.subarray(0, size))));
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** Returns undefined if the file cannot be read. */
function open(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path);
  } catch {
    return undefined;
  }
}

/** Returns the CPU times of this process. The idle time is what one CPU could have worked since the process started. */
async function processTimes(): Promise<readonly CpuTime[]> {
  // Loading the module takes about 70 ms, so a worker on Linux does not load it.
  const { cpuUsage } = await import("node:process");
  const { user, system } = cpuUsage();
  const idle = Math.max(0, performance.now() / 1_000 - (user + system) / 1e6);
  return [{ cpu: "process", modes: [["user", user / 1e6], ["system", system / 1e6], ["idle", idle]] }];
}
