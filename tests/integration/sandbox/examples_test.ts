import { assert, assertEquals } from "@std/assert";
import { LoopbackAddresses } from "../../../src/sandbox/machines/addresses.ts";
import { processMachines } from "../../../src/sandbox/machines/process_machine.ts";
import { eventually } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";

/** Runs a program of examples/ as an instance's service, and waits until it answers its health check. */
async function withExample(
  command: string,
  test: (url: string, stop: () => Promise<void>) => Promise<void>,
): Promise<void> {
  using addresses = new LoopbackAddresses();
  const address = addresses.take();
  const crashes: string[] = [];
  const make = processMachines({ service: command, port: 8_080 }, { onCrash: (_, why) => crashes.push(why) });
  const machine = make({ id: "i-1", address });
  const url = `http://${address}:8080`;
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= Promise.resolve(machine[Symbol.asyncDispose]());
  try {
    await eventually(() => status(`${url}/healthz`), (found) => found === 200);
    await test(url, stop);
    assertEquals(crashes, []);
  } finally {
    await stop();
  }
}

function example(path: string): string {
  return `'${decodeURIComponent(new URL(`../../../examples/${path}`, import.meta.url).pathname)}'`;
}

/** Returns the HTTP status of an answer, or 0 without one. */
async function status(url: string, method = "GET"): Promise<number> {
  try {
    const response = await fetch(url, { method });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

testWith([program("node")], "the Node server finishes its requests at SIGTERM, and then ends", async () => {
  await withExample(`node ${example("node-server/server.js")}`, async (url, stop) => {
    const answers = Array.from({ length: 3 }, () => status(`${url}/`));
    // The server works on one request after another. When it has answered the first, it has accepted the others.
    await Promise.any(answers);
    await stop();
    assertEquals(await Promise.all(answers), [200, 200, 200]);
    assertEquals(await status(`${url}/healthz`), 0);
  });
});

testWith(
  [program("node")],
  "the queue worker finishes its job while it drains, takes no other one, and goes on when the drain is cancelled",
  async () => {
    const queue = await Deno.makeTempDir();
    try {
      for (const job of [1, 2, 3]) await Deno.writeTextFile(`${queue}/${job}`, "");
      const jobs = () => Array.fromAsync(Deno.readDir(queue), ({ name }) => name);
      const command = `QUEUE='${queue}' JOB_MS=300 node ${example("queue-worker/worker.js")}`;
      await withExample(command, async (url) => {
        await eventually(jobs, (names) => names.some((name) => name.endsWith(".taken-i-1")));
        assertEquals(await status(`${url}/drain`), 409);
        assertEquals(await status(`${url}/drain`, "POST"), 202);
        await eventually(() => status(`${url}/drain`), (found) => found === 200);
        const left = await jobs();
        assert(left.length < 3 && left.every((name) => !name.includes("taken")), left.join());
        assertEquals(await status(`${url}/drain`, "DELETE"), 204);
        await eventually(jobs, (names) => names.length === 0);
      });
    } finally {
      await Deno.remove(queue, { recursive: true });
    }
  },
);
