import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { FROM_SOURCE, start } from "../support/kas.ts";

/** The speed of the sandbox: one second of real time is this many seconds of AWS. */
const SPEED = 10;

/** Returns an option with a duration in s of the sandbox's time. */
function time(name: string, seconds: number): string[] {
  return [`--${name}`, `${1_000 * seconds / SPEED}ms`];
}

Deno.test("a fleet with --scrape and a target scales out within seconds of a rise of the load, although scrapes are lost", async () => {
  const state = await Deno.makeTempDir();
  const worker = [...FROM_SOURCE, "worker", "--threads", "1", "--work-ms", "50"];
  await using sandbox = await startSandbox({
    worker,
    speed: SPEED,
    nodes: 1,
    kind: true,
    faults: ["lost-scrapes=0.2"],
  });
  try {
    const policies = JSON.stringify([{ type: "target", metric: "cpu", target: 60 }]);
    await using autoscaler = start([
      ...FROM_SOURCE,
      "autoscaler",
      ...["--pull", "--listen", "127.0.0.1:0", "--state", state, "--policies", policies],
      ...["--scrape", "http:9100/metrics", ...time("scrape-interval", 5)],
      ...[...time("resync", 60), ...time("warmup", 120), ...time("metric-delay", 180)],
    ], sandbox.env);
    const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
    // The first points of the load exist after two intervals.
    await until(async () =>
      /kas_scrapes_total\{outcome="ok",fleet="kas"\} [1-9]\d/.test(await get(`${url}/metrics`))
    );
    assertEquals(autoscaler.lines.filter((line) => line.includes("decided start")), []);
    const ended = new AbortController();
    const begun = performance.now();
    const clients = Array.from({ length: 3 }, () => load(`${sandbox.balancerUrl}/work`, ended.signal));
    await autoscaler.line(/decided start trigger=telemetry/);
    const seconds = (performance.now() - begun) / 1_000 * SPEED;
    await autoscaler.line(/instance started/);
    ended.abort();
    await Promise.all(clients);
    // 5 s until a scrape, 10 s for two more if one is lost, and the time that a busy machine needs.
    assertLess(seconds, 60, `the decision took ${seconds} s of the sandbox's time`);
    const decided = autoscaler.lines.find((line) => line.includes("decided start")) ?? "";
    assertMatch(decided, /CPU is .* on 1 instance that served .*; the target is 60 %/);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

/** Sends one request after another until the signal aborts. */
async function load(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await (await fetch(url, { signal })).text();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function get(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

/** Waits until a condition is true. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}
