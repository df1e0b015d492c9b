/**
 * Measures a process's load as it would be on a machine of its own. All machines of the sandbox share the host's cores: a burn
 * that is held up in the middle would keep a real instance busy all that time, so what a thread waits for a core after it was
 * *preempted* counts as much as what it runs. What it waits after it has slept does not: nobody would have been in its way.
 *
 * @module
 */

/** What is read of `/proc`, by path; throws where it is not there. */
export interface Proc {
  readonly list: (path: string) => string[];
  readonly read: (path: string) => string;
}

const PROC: Proc = {
  list: (path) => Array.from(Deno.readDirSync(path), ({ name }) => name),
  read: (path) => Deno.readTextFileSync(path),
};

/** Clock ticks a second in /proc/PID/stat. Source: Linux proc(5), USER_HZ is 100 on every architecture in use. */
const USER_HZ = 100;

/** What a thread has come to since it began. */
interface Usage {
  /** ns on a core. */
  readonly running: number;
  /** ns ready to run, but not on a core. */
  readonly waiting: number;
  /** How often it left its core to sleep, and how often it was preempted. */
  readonly slept: number;
  readonly preempted: number;
}

const NO_USAGE: Usage = { running: 0, waiting: 0, slept: 0, preempted: 0 };

/**
 * A meter of a process's load in seconds since it was started; monotonic, while threads come and go, and after the process has
 * ended. Source: Linux Documentation/scheduler/sched-stats.rst (schedstat is ns on a core, ns waiting, slices) and proc(5).
 */
export function cpuMeter(pid: number, proc: Proc = PROC): () => number {
  let seconds = 0;
  let threads = new Map<string, Usage>();
  return () => {
    try {
      const now = new Map<string, Usage>();
      for (const thread of proc.list(`/proc/${pid}/task`)) {
        const usage = usageOf(proc, `/proc/${pid}/task/${thread}`);
        if (usage === undefined) continue;
        now.set(thread, usage);
        const before = threads.get(thread) ?? NO_USAGE;
        // Less than before is another thread under a number that has become free.
        seconds += load(usage, usage.running >= before.running ? before : NO_USAGE) / 1e9;
      }
      if (now.size === 0) seconds = Math.max(seconds, ticks(proc.read(`/proc/${pid}/stat`)) / USER_HZ);
      threads = now;
    } catch (error) {
      // Not being allowed to look is no idleness. Else the process has ended: what it used stays.
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
    return seconds;
  };
}

/** ns of load between two readings. Each wait is taken to be as long as the next, whatever came before it. */
function load(now: Usage, before: Usage): number {
  const preempted = now.preempted - before.preempted;
  const switches = preempted + now.slept - before.slept;
  const share = switches === 0 ? 1 : preempted / switches;
  return now.running - before.running + share * (now.waiting - before.waiting);
}

/** undefined where the thread has just ended, or the kernel keeps no such statistics. */
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

/** utime + stime, fields 14 and 15; the second field, the name in parentheses, may hold blanks. */
function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/**
 * The same of a process with all its descendants: a machine of its own, seen from the one it runs on. What one of them used that
 * came and went between two readings is not seen.
 */
export function processTreeMeter(root: number, proc: Proc = PROC): () => number {
  const meters = new Map<number, () => number>();
  return () => {
    for (const pid of processTree(root, proc)) if (!meters.has(pid)) meters.set(pid, cpuMeter(pid, proc));
    return meters.values().reduce((sum, seconds) => sum + seconds(), 0);
  };
}

/** Source: proc(5), /proc/PID/task/TID/children. */
function processTree(pid: number, proc: Proc): number[] {
  try {
    const children = proc.list(`/proc/${pid}/task`).flatMap((thread) =>
      proc.read(`/proc/${pid}/task/${thread}/children`).split(" ").map(Number).filter((child) => child > 0)
    );
    return [pid, ...children.flatMap((child) => processTree(child, proc))];
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // It has just ended.
    return [];
  }
}
