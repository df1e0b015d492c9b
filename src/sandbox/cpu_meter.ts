/**
 * Measures a process's load: the time its threads were on a core *or waited for one*. All machines of the sandbox share the
 * host's cores; a burn that has to wait for a core would keep a real instance busy all that time.
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

/**
 * A meter of a process's load in seconds since it was first read; monotonic, while threads come and go, and after the process
 * has ended. Source: Linux Documentation/scheduler/sched-stats.rst: schedstat is ns on a core, ns waiting, slices.
 */
export function cpuMeter(pid: number, proc: Proc = PROC): () => number {
  let seconds = 0;
  let threads = new Map<string, number>();
  return () => {
    try {
      const now = new Map<string, number>();
      for (const thread of proc.list(`/proc/${pid}/task`)) {
        const ns = threadNanoseconds(proc, `/proc/${pid}/task/${thread}/schedstat`);
        if (ns === undefined) continue;
        now.set(thread, ns);
        const before = threads.get(thread) ?? 0;
        // Less than before is another thread under a number that has become free.
        seconds += (ns >= before ? ns - before : ns) / 1e9;
      }
      if (now.size === 0) seconds = Math.max(seconds, ticks(proc.read(`/proc/${pid}/stat`)) / USER_HZ);
      threads = now;
    } catch {
      // The process has ended: what it used stays.
    }
    return seconds;
  };
}

/** undefined where the thread has just ended, or the kernel keeps no such statistics. */
function threadNanoseconds(proc: Proc, path: string): number | undefined {
  try {
    const [running, waiting] = proc.read(path).split(" ").map(Number);
    return running === undefined || waiting === undefined ? undefined : running + waiting;
  } catch {
    return undefined;
  }
}

/** utime + stime, fields 14 and 15; the second field, the name in parentheses, may hold blanks. */
function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
