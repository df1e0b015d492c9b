/**
 * Measures the CPU load that a process would have on its own machine. All simulated machines share the host's cores. Therefore the
 * meter adds the time that a preempted thread waits for a core, because on its own machine the thread would run during that time.
 * The meter does not add the wait for a core after a sleep.
 *
 * @module
 */

/** Functions that read the Linux file system `/proc`. The functions throw an error if the path does not exist. */
export interface Proc {
  readonly list: (path: string) => string[];
  readonly read: (path: string) => string;
}

const PROC: Proc = {
  list: (path) => Array.from(Deno.readDirSync(path), ({ name }) => name),
  read: (path) => Deno.readTextFileSync(path),
};

/** Clock ticks per second in /proc/PID/stat. Source: Linux proc(5); USER_HZ is 100 on every architecture in use. */
const USER_HZ = 100;

/** CPU counters of a thread since the thread started. */
interface Usage {
  /** Time on a core in ns. */
  readonly running: number;
  /** Time during which the thread was ready to run but waited for a core, in ns. */
  readonly waiting: number;
  /** How often the thread released its core to sleep, and how often the kernel preempted the thread. */
  readonly slept: number;
  readonly preempted: number;
}

const NO_USAGE: Usage = { running: 0, waiting: 0, slept: 0, preempted: 0 };

/**
 * Returns a function that measures the CPU load of a process, in seconds since the process started. The value never decreases, even
 * when threads or the process end. Source: Linux Documentation/scheduler/sched-stats.rst (schedstat: ns on a core, ns waiting,
 * slices) and proc(5).
 */
export function cpuMeter(pid: number, proc: Proc = PROC): () => number {
  let seconds = 0;
  /** The part of the seconds during which threads waited for a core. */
  let waited = 0;
  let threads = new Map<string, Usage>();
  return () => {
    try {
      const now = new Map<string, Usage>();
      for (const thread of proc.list(`/proc/${pid}/task`)) {
        const usage = usageOf(proc, `/proc/${pid}/task/${thread}`);
        if (usage === undefined) continue;
        now.set(thread, usage);
        const before = threads.get(thread) ?? NO_USAGE;
        // A value lower than before belongs to a new thread to which the kernel gave the same id.
        const { running, waiting } = load(usage, usage.running >= before.running ? before : NO_USAGE);
        seconds += (running + waiting) / 1e9;
        waited += waiting / 1e9;
      }
      threads = now;
      // Only the total of the process contains the time of threads that have ended since the last reading. A server may start a thread for
      // each request.
      seconds = Math.max(seconds, waited + ticks(proc.read(`/proc/${pid}/stat`)) / USER_HZ);
    } catch (error) {
      // The CPU meter throws an error without permission, because the process must not appear idle.
      // Errors other than a missing permission mean that the process has ended. The CPU meter then returns its last total.
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
    return seconds;
  };
}

/**
 * Returns the load between two readings of a thread in ns: the time on a core, and the time for which it waited for a core after it was
 * preempted. The calculation assumes that all waits are equally long.
 */
function load(now: Usage, before: Usage): Pick<Usage, "running" | "waiting"> {
  const preempted = now.preempted - before.preempted;
  const switches = preempted + now.slept - before.slept;
  const share = switches === 0 ? 1 : preempted / switches;
  return { running: now.running - before.running, waiting: share * (now.waiting - before.waiting) };
}

/** Reads the counters of a thread. Returns undefined if the thread has ended or the kernel does not keep the counters. */
function usageOf(proc: Proc, path: string): Usage | undefined {
  try {
    const [running, waiting] = proc.read(`${path}/schedstat`).split(" ").map(Number);
    if (running === undefined || waiting === undefined) return undefined;
    const status = proc.read(`${path}/status`);
    const count = (name: string) =>
      Number(new RegExp(`^${name}_ctxt_switches:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
    return { running, waiting, slept: count("voluntary"), preempted: count("nonvoluntary") };
  } catch {
    return undefined;
  }
}

/** Returns utime + stime, fields 14 and 15 of /proc/PID/stat. The second field, a name in parentheses, may contain spaces. */
function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** Returns a CPU meter of a process and its descendants. It does not measure processes that start and end between two readings. */
export function processTreeMeter(root: number, proc: Proc = PROC): () => number {
  const meters = new Map<number, () => number>();
  return () => {
    for (const pid of processTree(root, proc)) if (!meters.has(pid)) meters.set(pid, cpuMeter(pid, proc));
    return meters.values().reduce((sum, seconds) => sum + seconds(), 0);
  };
}

/** Returns the ids of a process and its descendants. Source: proc(5), /proc/PID/task/TID/children. */
export function processTree(pid: number, proc: Proc = PROC): number[] {
  const threads = attempt(() => proc.list(`/proc/${pid}/task`));
  // The process has ended since the meter found its id.
  if (threads === undefined) return [];
  // A thread can end meanwhile. Some kernels do not list the children.
  const children = threads.flatMap((thread) =>
    attempt(() => proc.read(`/proc/${pid}/task/${thread}/children`))?.split(" ").map(Number) ?? []
  );
  return [pid, ...children.filter((child) => child > 0).flatMap((child) => processTree(child, proc))];
}

/** Returns undefined if a file does not exist. Throws without permission to read it. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}
