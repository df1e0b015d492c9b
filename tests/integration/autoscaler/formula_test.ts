/**
 * Formulas over what the instances themselves serve: a metric of the service, and the CPU.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { MachineFactory } from "../../../src/sandbox/machines/machine.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { eventually, FROM_SOURCE, start } from "../../support/kas.ts";
import { credentials } from "../../unit/aws/wire.ts";

/** The port at which the machines of the sandbox answer. */
const PORT = 30_000;

Deno.test("a formula over a scraped metric follows the instances within seconds, long before the next reconcile", async () => {
  credentials();
  let waiting = 25;
  let busy = 0;
  const machine: MachineFactory = ({ address }) => {
    const server = Deno.serve(
      { hostname: address, port: PORT, onListen: () => {} },
      ({ url }) =>
        new Response(
          new URL(url).pathname === "/metrics"
            ? `# TYPE jobs_waiting gauge\njobs_waiting ${waiting}\n` +
              "# TYPE node_cpu_seconds_total counter\n" +
              `node_cpu_seconds_total{cpu="0",mode="user"} ${busy += 0.01}\n` +
              `node_cpu_seconds_total{cpu="0",mode="idle"} ${performance.now() / 1_000}\n`
            : "pong",
        ),
    );
    return { cpuSeconds: () => 0, signal: () => {}, [Symbol.asyncDispose]: () => server.shutdown() };
  };
  await using sandbox = await startSandbox({ kind: true, nodes: 4, speed: 40, balancerPort: 0, machine });
  const inService = () =>
    sandbox.account.instances()
      .filter(({ registration, state }) => state === "running" && registration === "in-service").length;
  const state = await Deno.makeTempDir();
  try {
    const metrics = { waiting: { type: "scrape", name: "jobs_waiting", aggregate: "max" } };
    // The CPU of this load is far below 50 %, so the condition only shows that the formula knows the CPU.
    const policies = [{ type: "formula", capacity: "cpu < 50 ? ceil(waiting / 10) : 1" }];
    const settings = {
      resync: "1h",
      warmup: "0s",
      "cooldown-in": "0s",
      "metric-delay": "0s",
      min: 1,
      max: 5,
    };
    const config = `${state}/kas.json`;
    const scrape = { scrape: `http:${PORT}/metrics`, "scrape-interval": "200ms" };
    await Deno.writeTextFile(config, JSON.stringify({ ...settings, ...scrape, policies, metrics }));
    await using autoscaler = start(
      [...FROM_SOURCE, "autoscaler", "--pull", "--state", `${state}/state`, "--config", config],
      sandbox.env,
    );
    await eventually(inService, (n) => n === 3);
    waiting = 5;
    await eventually(inService, (n) => n === 1);
    assert(
      autoscaler.lines.some((line) => /trigger="?telemetry.*waiting is 25/.test(line)),
      autoscaler.lines.join("\n"),
    );
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});
