import { assert, assertEquals } from "@std/assert";
import { cpuMeter, type Proc } from "../../src/sandbox/cpu_meter.ts";

/** A /proc of process 7 with threads' [ns on a core, ns waiting for one]. */
function proc(threads: Map<string, readonly [number, number]>, stat = ""): Proc {
  return {
    list: () => [...threads.keys()],
    read: (path) => {
      if (path === "/proc/7/stat" && stat !== "") return stat;
      const times = threads.get(/^\/proc\/7\/task\/(\d+)\/schedstat$/.exec(path)?.[1] ?? "");
      if (times === undefined) throw new Deno.errors.NotFound(path);
      return `${times.join(" ")} 12\n`;
    },
  };
}

Deno.test("cpuMeter() adds the time on a core and the time waiting for one, of all threads", () => {
  const threads = new Map<string, readonly [number, number]>([["7", [1e9, 5e8]], ["8", [2e9, 0]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 3.5);
  threads.set("8", [2e9, 1e9]);
  assertEquals(seconds(), 4.5);
});

Deno.test("cpuMeter() keeps what threads used that have ended, also where a new one gets their number", () => {
  const threads = new Map<string, readonly [number, number]>([["7", [1e9, 0]], ["8", [2e9, 0]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 3);
  threads.delete("8");
  assertEquals(seconds(), 3);
  threads.set("8", [5e8, 0]);
  assertEquals(seconds(), 3.5);
});

Deno.test("cpuMeter() keeps its last value after the process has ended", () => {
  const threads = new Map<string, readonly [number, number]>([["7", [1e9, 0]]]);
  const seconds = cpuMeter(7, proc(threads));
  assertEquals(seconds(), 1);
  threads.clear();
  assertEquals(seconds(), 1);
});

Deno.test("cpuMeter() falls back to utime and stime where the kernel keeps no schedstat", () => {
  const threads = new Map<string, readonly [number, number]>();
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
