/**
 * How soon kas decides after the load of a fleet of two rises, with an autoscaler process that scrapes the sandbox's instances over
 * HTTP, where a fifth of the scrapes is lost.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { quantile } from "../../bench/report/result.ts";
import { seededRandom } from "../../src/sandbox/random.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { eventually, FROM_SOURCE, type Running, start } from "../support/kas.ts";
import { isWhole, seedOf, sizeOf } from "./proofs.ts";
import { SteeredLoad } from "./steps/steered_load.ts";

/** How many times as fast as real time the sandbox runs. */
const SPEED = 10;

/**
 * How many instances the load keeps busy before a step, which one instance can carry with a target of 60 %. If kas counted an instance that it
 * stops, it would start it again. And the share of an instance after a step, which overloads it.
 */
const LOW = 0.55;
const HIGH = 1;

/** The goals of the whole test, in s of the sandbox's time. A sample has too few steps for a p99, and may run on a busy machine. */
const P50 = isWhole("steps") ? 10 : 30;
const P99 = isWhole("steps") ? 25 : 90;

/** For how long the load is steady at the end, in s of the sandbox's time. */
const STEADY = isWhole("steps") ? 1_800 : 60;

const STEPS = sizeOf("steps");

Deno.test(`kas decides within seconds of ${STEPS} load steps, although scrapes are lost, and not under a steady load`, async () => {
  const seed = seedOf();
  const random = seededRandom(seed);
  const load = new SteeredLoad(LOW);
  const state = await Deno.makeTempDir();
  await using sandbox = await startSandbox({
    machine: load.make,
    speed: SPEED,
    nodes: 1,
    kind: true,
    seed,
    faults: ["lost-scrapes=0.2"],
  });
  try {
    await using autoscaler = startAutoscaler(state, sandbox.env);
    const inService = (count: number) =>
      eventually(
        () => sandbox.account.instances().filter(({ registration }) => registration === "in-service").length,
        (found) => found === count,
      );
    const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
    await eventually(
      async () => await (await fetch(`${url}/metrics`)).text(),
      (text) => /kas_scrapes_total\{outcome="ok",fleet="kas"\} [1-9]\d/.test(text),
    );
    const took: number[] = [];
    for (let step = 1; step <= STEPS; step++) {
      // The last fall of the load is over after 20 s. A step may come at any moment between two scrapes.
      await pause(20 + 5 * random());
      const begun = Date.now();
      load.set(HIGH);
      const decided = await eventually(
        () => decisions(autoscaler, "start")[step - 1],
        (time) => time !== undefined,
      );
      took.push(((decided ?? NaN) - begun) / 1_000 * SPEED);
      await inService(2);
      load.set(LOW / 2);
      await eventually(() => decisions(autoscaler, "stop").length, (count) => count === step);
      await inService(1);
      load.set(LOW);
    }
    await pause(STEADY);
    report(seed, took);
    assertEquals([decisions(autoscaler, "start").length, decisions(autoscaler, "stop").length], [
      STEPS,
      STEPS,
    ]);
    assert(Math.min(...took) > 0 && quantile(took, 0.5) <= P50 && quantile(took, 0.99) <= P99, `${took}`);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

/** Starts an autoscaler that scrapes every 5 s of the sandbox's time, and stops instances soon after a fall of the load. */
function startAutoscaler(state: string, env: Readonly<Record<string, string>>): Running {
  const policies = [{ type: "target", metric: "cpu", target: 60, stabilization: time(30) }];
  return start([
    ...FROM_SOURCE,
    "autoscaler",
    ...["--pull", "--listen", "127.0.0.1:0", "--state", state, "--policies", JSON.stringify(policies)],
    ...["--scrape", "http:9100/metrics", "--scrape-interval", time(5), "--resync", time(60)],
    ...["--warmup", "0s", "--cooldown-in", "0s", "--metric-delay", time(60)],
  ], env);
}

/** Returns a duration in s of the sandbox's time as kas reads it. */
function time(seconds: number): string {
  return `${1_000 * seconds / SPEED}ms`;
}

/** Waits for a time in s of the sandbox's time. */
async function pause(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_000 * seconds / SPEED));
}

/** Returns the times of the autoscaler's decisions, in ms since the epoch. */
function decisions({ lines }: Running, kind: "start" | "stop"): number[] {
  return lines.filter((line) => line.includes(`decided ${kind}`)).map((line) =>
    Date.parse(line.split(" ")[0] ?? "")
  );
}

/** Prints how long the decisions took. */
function report(seed: number, took: readonly number[]): void {
  const seconds = (q: number) => `${quantile(took, q).toFixed(1)} s`;
  Deno.stdout.writeSync(
    new TextEncoder().encode(
      `\n${took.length} load steps, seed ${seed}: from a step to the decision p50 ${seconds(0.5)}, p99 ${
        seconds(0.99)
      }\n`,
    ),
  );
}
