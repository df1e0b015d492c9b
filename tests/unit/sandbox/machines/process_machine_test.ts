import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LoopbackAddresses } from "../../../../src/sandbox/machines/addresses.ts";
import { INSTANCE_PORT, type MachineAddress } from "../../../../src/sandbox/machines/machine.ts";
import { processMachines } from "../../../../src/sandbox/machines/process_machine.ts";

/** A small worker. Its first argument selects what it does: serve, serve and ignore SIGTERM, or fail. */
const WORKER = `
  const [how, flag, listen] = Deno.args;
  if (how === "fail") { console.error("no such luck"); Deno.exit(3); }
  if (how === "stubborn") Deno.addSignalListener("SIGTERM", () => {});
  const [hostname, port] = listen.split(":");
  Deno.serve({ hostname, port: Number(port), onListen: () => {} }, () => new Response(flag + " " + listen));
`;

function worker(how: string): string[] {
  return [
    Deno.execPath(),
    "run",
    "--no-config",
    "--allow-net",
    `data:application/javascript,${encodeURIComponent(WORKER)}`,
    how,
  ];
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
