import { assertLess, assertRejects } from "@std/assert";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { UnreachableError } from "../../../src/aws/errors.ts";
import { wire } from "./wire.ts";

Deno.test("kas stops reading an answer of AWS that has no end", async () => {
  let sent = 0;
  await using server = wire(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          sent++;
          controller.enqueue(new Uint8Array(2 ** 20).fill(0x20));
        },
      }),
    )
  );
  await assertRejects(
    () => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })),
    UnreachableError,
    "larger",
  );
  // Three attempts of 32 MiB each, and what the server and the network buffer. Without a limit these are thousands.
  assertLess(sent, 500);
});

Deno.test("kas stops decompressing an answer of AWS that is small only while it is compressed", async () => {
  const zeros = new Blob([new Uint8Array(33 * 2 ** 20)]).stream().pipeThrough(new CompressionStream("gzip"));
  const bomb = await new Response(zeros).bytes();
  assertLess(bomb.length, 100_000);
  await using server = wire(() => new Response(bomb, { headers: { "content-encoding": "gzip" } }));
  await assertRejects(
    () => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })),
    UnreachableError,
    "larger",
  );
});
