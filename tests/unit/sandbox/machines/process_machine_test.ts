import { assert, assertEquals, assertStringIncludes } from "@std/assert";
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
