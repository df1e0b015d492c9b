import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { type CpuSource, cpuTimesIn, openMachineCpu } from "../../../src/worker/machine_cpu.ts";
import { exposition, type WorkerState } from "../../../src/worker/metrics.ts";
import { program, testWith } from "../../support/needs.ts";

const STATE: WorkerState = {
  version: "1.2.3",
  ended: { served: 12, refused: 3, failed: 1, cancelled: 2 },
  inProgress: 2,
  waiting: 7,
  threads: 2,
};

const STAT = `cpu  300 10 60 4000 20 1 2 30 5 0
cpu0 100 4 20 2000 15 1 2 10 5 0
cpu1 200 6 40 2000 5 0 0 20 0 0
intr 123 0 0
ctxt 5`;

/** A source with the times of a text of the form of /proc/stat. */
const SOURCE: CpuSource = {
  of: "machine",
  read: () => Promise.resolve(cpuTimesIn(STAT)),
  [Symbol.dispose]: () => {},
};

Deno.test("the worker reads the times of each CPU in seconds from /proc/stat", () => {
  const [first, second, ...more] = cpuTimesIn(STAT);
  assertEquals(first, {
    cpu: "0",
    modes: [
      ["user", 1],
      ["nice", 0.04],
      ["system", 0.2],
      ["idle", 20],
      ["iowait", 0.15],
      ["irq", 0.01],
      ["softirq", 0.02],
      ["steal", 0.1],
    ],
  });
  assertEquals([second?.cpu, second?.modes[0], more], ["1", ["user", 2], []]);
});

Deno.test("the worker counts missing columns of old kernels as 0, and ignores text that is not of a CPU", () => {
  assertEquals(cpuTimesIn("cpu0 1 2 3 4")[0]?.modes.at(-1), ["steal", 0]);
  assertEquals(cpuTimesIn("cpuX 1 2\ncpu0 a b\nbtime 1"), []);
});

Deno.test("the worker's metrics contain the CPU, the requests by outcome, and the queue", async () => {
  const text = await exposition(STATE, SOURCE);
  for (
    const line of [
      'kas_worker_cpu_seconds_total{cpu="1",mode="steal"} 0.2',
      'kas_worker_requests_total{outcome="served"} 12',
      'kas_worker_requests_total{outcome="refused"} 3',
      "kas_worker_requests_in_progress 2",
      "kas_worker_requests_waiting 7",
      "kas_worker_threads 2",
      'kas_worker_info{version="1.2.3"} 1',
    ]
  ) assertStringIncludes(text, `${line}\n`);
});

Deno.test("without /proc/stat the worker measures its own process, and the metric's help says so", async () => {
  using source = openMachineCpu("/nonexistent/stat");
  const [times] = await source.read();
  assertEquals([source.of, times?.cpu, times?.modes.map(([mode]) => mode)], [
    "process",
    "process",
    ["user", "system", "idle"],
  ]);
  for (const [, seconds] of times?.modes ?? []) assertGreaterOrEqual(seconds, 0);
  assertStringIncludes(
    await exposition(STATE, source),
    "HELP kas_worker_cpu_seconds_total Seconds that this process",
  );
});

Deno.test({
  name: "on Linux the worker reads /proc/stat again at each request",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using source = openMachineCpu();
    const total = async () =>
      (await source.read()).flatMap(({ modes }) => modes).reduce((sum, [, seconds]) => sum + seconds, 0);
    assertEquals(source.of, "machine");
    const begun = performance.now();
    const before = await total();
    while (await total() === before) assert(performance.now() - begun < 5_000, "the times did not grow");
  },
});

testWith([program("promtool")], "promtool accepts the worker's metrics", async () => {
  const child = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(await exposition(STATE, SOURCE)));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});
