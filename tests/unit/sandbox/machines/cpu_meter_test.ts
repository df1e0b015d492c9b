import { assert, assertEquals } from "@std/assert";
import { cpuMeter, type Proc } from "../../../../src/sandbox/machines/cpu_meter.ts";

/** A thread's ns on a core, ns waiting for one, number of sleeps, and number of preemptions. */
type Thread = readonly [running: number, waiting: number, slept?: number, preempted?: number];

/** Returns a /proc of process 7 with threads. */
function proc(threads: Map<string, Thread>, stat = ""): Proc {
  return {
    list: () => [...threads.keys()],
    read: (path) => {
      if (path === "/proc/7/stat" && stat !== "") return stat;
      const [, id = "", file] = /^\/proc\/7\/task\/(\d+)\/(\w+)$/.exec(path) ?? [];
      const thread = threads.get(id);
      if (thread === undefined) throw new Deno.errors.NotFound(path);
      const [running, waiting, slept = 0, preempted = 0] = thread;
      if (file === "schedstat") return `${running} ${waiting} 12\n`;
      return `Name:\tkas\nvoluntary_ctxt_switches:\t${slept}\nnonvoluntary_ctxt_switches:\t${preempted}\n`;
    },
  };
}

Deno.test("cpuMeter() adds up the time that all threads spend on a core", () => {
  const threads = new Map<string, Thread>([["7", [1e9, 0]], ["8", [2e9, 0]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 3);
  threads.set("8", [3e9, 0]);
  assertEquals(seconds(), 4);
});

Deno.test("cpuMeter() counts the wait for a core after a preemption, but not after a sleep", () => {
  const threads = new Map<string, Thread>([["7", [1e9, 0, 0, 0]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 1);
  threads.set("7", [1e9, 1e9, 0, 10]);
  assertEquals(seconds(), 2);
  threads.set("7", [1e9, 2e9, 10, 10]);
  assertEquals(seconds(), 2);
  threads.set("7", [1e9, 3e9, 13, 11]);
  assertEquals(seconds(), 2.25);
});

Deno.test("cpuMeter() counts the whole wait of a thread without a context switch since the last reading", () => {
  const threads = new Map<string, Thread>([["7", [1e9, 0, 5, 5]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 1);
  threads.set("7", [2e9, 5e8, 5, 5]);
  assertEquals(seconds(), 2.5);
});

Deno.test("cpuMeter() keeps the CPU time of ended threads, even if a new thread gets the same id", () => {
  const threads = new Map<string, Thread>([["7", [1e9, 0]], ["8", [2e9, 0]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 3);
  threads.delete("8");
  assertEquals(seconds(), 3);
  threads.set("8", [5e8, 0]);
  assertEquals(seconds(), 3.5);
  // The thread ends between two readings, and another gets its id.
  threads.set("8", [25e7, 0]);
  assertEquals(seconds(), 3.75);
});

Deno.test("cpuMeter() counts the CPU time of threads that begin and end between two readings", () => {
  const threads = new Map<string, Thread>([["7", [1e9, 5e8, 0, 1]]]);
  const stat = (ticks: number) => `7 (python3) S 1 7 7 0 -1 4194304 100 0 0 0 ${ticks} 0 0 0 20 0`;
  let used = 100;
  const seconds = cpuMeter(7, {
    list: () => [...threads.keys()],
    read: (path) => proc(threads, stat(used)).read(path),
  });
  assertEquals(seconds(), 1.5);
  used = 400;
  assertEquals(seconds(), 4.5);
  threads.set("7", [2e9, 5e8, 0, 1]);
  used = 500;
  assertEquals(seconds(), 5.5);
});

Deno.test("cpuMeter() keeps its last value after the process has ended", () => {
  const threads = new Map<string, Thread>([["7", [1e9, 0]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 1);
  threads.clear();
  assertEquals(seconds(), 1);
});

Deno.test("cpuMeter() uses utime and stime if the kernel has no schedstat", () => {
  const threads = new Map<string, Thread>();
  const seconds = cpuMeter(7, proc(threads, "7 (a b) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0"));
  assertEquals(seconds(), 2);
});

Deno.test({
  name: "cpuMeter() measures a real process",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const seconds = cpuMeter(Deno.pid);
    const before = seconds();
    for (const end = performance.now() + 30; performance.now() < end;);
    assert(seconds() - before >= 0.02, `${seconds() - before} s of 0.03 s`);
  },
});
