/**
 * Compares the executable with an empty Deno program: size, start-up time and memory.
 *
 * @module
 */
import { eventually, execute, start } from "../../tests/support/kas.ts";
import { binary } from "../../tests/support/needs.ts";
import { fleetOf } from "../support/fleet.ts";
import { memory, timed } from "../support/process.ts";
import {
  type Goal,
  type Measured,
  measured,
  type Options,
  type Part,
  type Result,
  share,
} from "../report/result.ts";
import { freePort, KAS as WORKER } from "../support/servers.ts";

const KAS = new URL("../../dist/kas", import.meta.url).pathname;
const EMPTY = new URL("../peers/empty.ts", import.meta.url).pathname;

const MIB = 1_048_576;

/** The goals, as multiples of the empty program's figures. */
const MOST = { size: 1.05, version: 1.3, pong: 2, instances: 4, memory: 1.3 } as const;

/** The runs that are measured in turns. */
const RUNS = ["empty", "version", "pong", "work", "instances"] as const;
type Run = typeof RUNS[number];

/** The goal: how much memory a thread of the worker may use, in MiB. */
const PER_THREAD = 16;

/** Compiles the empty program with the Deno that compiled kas. Returns the reason if that is impossible. */
async function compileEmpty(folder: string): Promise<{ readonly path: string } | { readonly why: string }> {
  const { stdout } = await execute([KAS, "--version"]);
  const [, version] = /\bdeno ([\d.]+)/.exec(stdout) ?? [];
  if (version !== Deno.version.deno) {
    return { why: `dist/kas was compiled by Deno ${version}, and this is ${Deno.version.deno}` };
  }
  const path = `${folder}/empty`;
  const words = [
    "compile",
    "-A",
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-code-cache",
    "--output",
    path,
    EMPTY,
  ];
  const { code, stderr } = await execute([Deno.execPath(), ...words]);
  return code === 0 ? { path } : {
    why: `the empty program cannot be compiled (offline, DENORT_BIN must name a denort): ${
      /error: .*/.exec(stderr)?.[0]
    }`,
  };
}

/**
 * Measures the time from the start of the worker to its first answer, in ms. The work of a /work request takes 1 ms.
 */
async function firstAnswer(path: "/ping" | "/work"): Promise<number> {
  const port = freePort();
  const begun = performance.now();
  await using _worker = start([KAS, "worker", "--listen", `127.0.0.1:${port}`, "--work-ms", "1"]);
  for (;;) {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: worker\r\n\r\n`));
      if (await connection.read(new Uint8Array(512)) !== null) return performance.now() - begun;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Measures the memory of the empty program while it waits, in MiB. */
async function emptyMemory(path: string): Promise<number> {
  const child = new Deno.Command(path, { stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  try {
    await settle();
    return await memory(child.pid);
  } finally {
    await child.stdin.close();
    await child.status;
  }
}

/** Measures the memory of each long-running subcommand, in MiB. */
async function memories(env: Readonly<Record<string, string>>): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const threads = navigator.hardwareConcurrency;
  {
    const worker = start([KAS, "worker", "--listen", "127.0.0.1:0"]);
    await using _worker = worker;
    const [, url = ""] = await worker.line(/listening on (http:\/\/[^\s"]+)/);
    await settle();
    found.set(`${WORKER}, ${threads} threads, idle`, await memory(worker.pid));
    const works = Array.from({ length: 4 * threads }, async () => await (await fetch(`${url}/work`)).text());
    for (let n = 0; n < 2_000; n++) await (await fetch(`${url}/ping`)).text();
    found.set(`${WORKER}, ${threads} threads, loaded`, await memory(worker.pid));
    await Promise.all(works);
  }
  const state = await Deno.makeTempDir({ prefix: "kas-bench-" });
  try {
    const autoscaler = start(
      [KAS, "autoscaler", "--listen", "127.0.0.1:0", "--state", state],
      env,
    );
    await using _autoscaler = autoscaler;
    const [, url = ""] = await autoscaler.line(/listening on (http:\/\/[^\s"]+)/);
    await eventually(
      async () => await (await fetch(`${url}/activities`)).json() as unknown[],
      ({ length }) => length > 0,
    );
    await settle();
    found.set("kas autoscaler, 10 instances, idle", await memory(autoscaler.pid));
  } finally {
    await Deno.remove(state, { recursive: true });
  }
  return found;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1_000));
}

async function run({ quick }: Options): Promise<Result> {
  const about = {
    part: "startup",
    title: "The executable",
    how:
      "dist/kas beside bench/peers/empty.ts, a program that does nothing, compiled by the same Deno, in turns. A time is from the " +
      "start of the process to its end or to its first answer. Memory is the resident memory one second after the start.",
    panels: [],
  };
  const folder = await Deno.makeTempDir({ prefix: "kas-bench-" });
  try {
    const empty = binary().met ? await compileEmpty(folder) : { why: binary().what };
    if ("why" in empty) return { ...about, tables: [], goals: [], notes: [`Skipped: ${empty.why}.`] };
    await using fleet = await fleetOf({ size: 10, speed: 1, answering: true });
    const { env } = fleet.sandbox;
    const runs: Readonly<Record<Run, () => Promise<number>>> = {
      empty: async () => (await timed([empty.path])).ms,
      version: async () => (await timed([KAS, "--version"])).ms,
      pong: () => firstAnswer("/ping"),
      work: () => firstAnswer("/work"),
      instances: async () => (await timed([KAS, "admin", "instances"], env)).ms,
    };
    const times: Record<Run, number[]> = { empty: [], version: [], pong: [], work: [], instances: [] };
    // The first run of each program fills the page cache and does not count.
    for (let n = -1; n < (quick ? 3 : 11); n++) {
      for (const key of RUNS) {
        const ms = await runs[key]();
        if (n >= 0) times[key].push(ms);
      }
    }
    const sizes = [(await Deno.stat(empty.path)).size, (await Deno.stat(KAS)).size] as const;
    const idle = await emptyMemory(empty.path);
    const used = await memories(env);
    const to = (key: Run) => share(times[key], times.empty);
    return {
      ...about,
      tables: [
        {
          title: "Start-up",
          columns: ["", "ms", "multiple of the empty program"],
          rows: [
            ["the empty program", measured(times.empty), 1],
            ["kas --version", measured(times.version), to("version")],
            ["kas worker, to its first answer to /ping", measured(times.pong), to("pong")],
            ["kas worker, to its first answer to /work (1 ms)", measured(times.work), to("work")],
            ["kas admin instances, 10 instances", measured(times.instances), to("instances")],
          ],
        },
        {
          title: "Size and memory, MiB",
          columns: ["", "MiB", "multiple of the empty program"],
          rows: [
            ["the empty program, size", sizes[0] / MIB, 1],
            ["dist/kas, size", sizes[1] / MIB, sizes[1] / sizes[0]],
            ["the empty program, waiting", idle, 1],
            ...[...used].map(([name, mib]) => [name, mib, mib / idle] as const),
          ],
        },
      ],
      goals: goals(sizes[1] / sizes[0], to, idle, [...used.values()][0] ?? NaN),
      notes: [],
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function goals(size: number, to: (run: Run) => Measured, idle: number, worker: number): Goal[] {
  const [version, pong, instances] = [to("version"), to("pong"), to("instances")];
  const most = MOST.memory * idle + PER_THREAD * navigator.hardwareConcurrency;
  return [
    {
      goal: `The executable is at most ${MOST.size} times the empty program's size`,
      found: `${size.toFixed(3)} times`,
      met: size <= MOST.size,
    },
    {
      goal: `kas --version takes at most ${MOST.version} times the empty program's run`,
      found: `${version.median.toFixed(2)} times`,
      met: version.median <= MOST.version,
    },
    {
      goal: `kas worker answers its first /ping within ${MOST.pong} times the empty program's run`,
      found: `${pong.median.toFixed(2)} times`,
      met: pong.median <= MOST.pong,
    },
    {
      goal:
        `kas admin instances with 10 instances takes at most ${MOST.instances} times the empty program's run`,
      found: `${instances.median.toFixed(2)} times`,
      met: instances.median <= MOST.instances,
    },
    {
      goal:
        `kas worker, idle, uses at most ${MOST.memory} times the empty program's memory and ${PER_THREAD} MiB per thread`,
      found: `${worker.toFixed(0)} MiB of ${most.toFixed(0)}`,
      met: worker <= most,
    },
  ];
}

/** The executable. */
export const startup: Part = { name: "startup", needs: [], run };
