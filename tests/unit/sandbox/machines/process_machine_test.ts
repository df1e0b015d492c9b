import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LoopbackAddresses } from "../../../../src/sandbox/machines/addresses.ts";
import type { Machine, MachineAddress } from "../../../../src/sandbox/machines/machine.ts";
import { processMachines, type Program } from "../../../../src/sandbox/machines/process_machine.ts";
import { eventually } from "../../../support/kas.ts";
import { INSTANCE_PORT } from "../machines.ts";

/** A small worker. Its first argument selects what it does: serve, serve and ignore SIGTERM, or fail. */
const WORKER = `
  const [how, flag, listen] = Deno.args;
  if (how === "fail") { console.error("no such luck"); Deno.exit(3); }
  if (how === "stubborn") Deno.addSignalListener("SIGTERM", () => {});
  const [hostname, port] = listen.split(":");
  Deno.serve({ hostname, port: Number(port), onListen: () => {} }, () => new Response(flag + " " + listen));
`;

function worker(how: string): Program {
  const code = `data:application/javascript,${encodeURIComponent(WORKER)}`;
  return {
    worker: [Deno.execPath(), "run", "--no-config", "--allow-net", code, how],
    port: INSTANCE_PORT,
  };
}

async function answer(address: string): Promise<string> {
  for (;;) {
    try {
      return await (await fetch(`http://${address}:${INSTANCE_PORT}/`)).text();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

for (
  const [how, what] of [["serve", "ends by SIGTERM"], [
    "stubborn",
    "is killed if it does not exit in time",
  ]] as const
) {
  Deno.test(`processMachines() runs a process with --listen ADDRESS:30000, which ${what}`, async () => {
    using addresses = new LoopbackAddresses();
    const address = addresses.take();
    const crashes: string[] = [];
    const machine = processMachines(worker(how), { grace: 100, onCrash: (_, words) => crashes.push(words) })({
      id: "i-1",
      address,
    });
    assertEquals(await answer(address), `--listen ${address}:30000`);
    assert(machine.cpuSeconds() > 0);
    await machine[Symbol.asyncDispose]();
    assertEquals(crashes, []);
    // The port is free again.
    Deno.listen({ hostname: address, port: INSTANCE_PORT }).close();
  });
}

Deno.test("a suspended machine accepts connections and answers nothing until it continues, and can be shut down", async () => {
  using addresses = new LoopbackAddresses();
  const [address, other] = [addresses.take(), addresses.take()];
  const crashes: string[] = [];
  // SIGKILL would come too late for the test.
  const options = { grace: 3_600_000, onCrash: (_: unknown, words: string) => crashes.push(words) };
  const make = processMachines(worker("serve"), options);
  const machine = make({ id: "i-1", address });
  await using _running = make({ id: "i-2", address: other });
  await Promise.all([answer(address), answer(other)]);
  machine.signal("SIGSTOP");
  (await Deno.connect({ hostname: address, port: INSTANCE_PORT })).close();
  let answered = false;
  const late = answer(address).finally(() => answered = true);
  for (let i = 0; i < 50; i++) await answer(other);
  assertEquals(answered, false);
  machine.signal("SIGCONT");
  assertEquals(await late, `--listen ${address}:30000`);
  machine.signal("SIGSTOP");
  await machine[Symbol.asyncDispose]();
  assertEquals(crashes, []);
});

Deno.test("a killed machine refuses connections", async () => {
  using addresses = new LoopbackAddresses();
  const address = addresses.take();
  const crashed = Promise.withResolvers<void>();
  const make = processMachines(worker("serve"), { onCrash: () => crashed.resolve() });
  await using machine = make({ id: "i-1", address });
  await answer(address);
  machine.signal("SIGKILL");
  await crashed.promise;
  await assertRejects(() => Deno.connect({ hostname: address, port: INSTANCE_PORT }));
  // A signal to a process that has ended has no effect.
  machine.signal("SIGCONT");
});

Deno.test("processMachines() reports a process that exits unexpectedly, with the end of its stderr", async () => {
  using addresses = new LoopbackAddresses();
  const { promise, resolve } = Promise.withResolvers<[MachineAddress, string]>();
  const make = processMachines(worker("fail"), { onCrash: (...crash) => resolve(crash) });
  await using machine = make({ id: "i-1", address: addresses.take() });
  const [{ id }, words] = await promise;
  assertEquals(id, "i-1");
  assertStringIncludes(words, "no such luck");
  assert(machine.cpuSeconds() >= 0);
});

Deno.test("processMachines() runs a service by sh, with its address, port and instance id in the environment", async () => {
  using addresses = new LoopbackAddresses();
  const address = addresses.take();
  const reason = Promise.withResolvers<string>();
  const make = processMachines(
    { service: 'echo "$HOST $PORT $INSTANCE_ID" >&2; exit 3', port: 8_080 },
    { onCrash: (_, words) => reason.resolve(words) },
  );
  await using _machine = make({ id: "i-1", address });
  assertEquals(await reason.promise, `${address} 8080 i-1`);
});

/** Runs a test with a service: a shell that waits for a child of its own, which runs a script in an empty folder. */
async function withChild(
  script: (folder: string) => string,
  grace: number,
  test: (machine: Machine, folder: string) => Promise<void>,
): Promise<void> {
  using addresses = new LoopbackAddresses();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/child`, script(folder));
    const program = { service: `sh ${folder}/child; true`, port: 8_080 };
    const machine = processMachines(program, { grace })({ id: "i-1", address: addresses.take() });
    await eventually(() => exists(`${folder}/pid`), Boolean);
    await test(machine, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

Deno.test("a service gets its signals and its CPU load with all of its processes", async () => {
  const script = (folder: string) =>
    `trap 'touch ${folder}/ended; exit 0' TERM; touch ${folder}/pid; while true; do :; done`;
  await withChild(script, 60_000, async (machine, folder) => {
    await eventually(() => machine.cpuSeconds(), (seconds) => seconds > 0.05);
    await machine[Symbol.asyncDispose]();
    assert(await exists(`${folder}/ended`));
  });
});

Deno.test("a service that ignores SIGTERM is killed with all of its processes", async () => {
  const script = (folder: string) =>
    `trap '' TERM; echo $$ > ${folder}/new; mv ${folder}/new ${folder}/pid; while true; do sleep 1; done`;
  await withChild(script, 100, async (machine, folder) => {
    const pid = (await Deno.readTextFile(`${folder}/pid`)).trim();
    assert(await exists(`/proc/${pid}`));
    await machine[Symbol.asyncDispose]();
    await eventually(() => exists(`/proc/${pid}`), (alive) => !alive);
  });
});
