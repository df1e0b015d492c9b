import { assert, assertEquals, assertRejects } from "@std/assert";
import { isInsufficientCapacity } from "../../../../src/aws/errors.ts";
import { startInstance, stopInstance, terminateInstance } from "../../../../src/aws/ec2/state_changes.ts";
import { eventually } from "../../../support/kas.ts";
import { ec2, ec2Error, wire, type WireCall } from "../wire.ts";

/** The instances that a call names, without spaces. */
function named({ input }: WireCall): string[] {
  return Object.entries(input).filter(([name]) => name.startsWith("InstanceId.")).map(([, id]) => String(id));
}

/** Accepts a call. */
function accept(call: WireCall): Response {
  const items = named(call).map((id) =>
    `<item><instanceId>${id}</instanceId><currentState><name>pending</name></currentState>` +
    "<previousState><name>stopped</name></previousState></item>"
  );
  return ec2(call.action, `<instancesSet>${items.join("")}</instancesSet>`);
}

for (const change of [startInstance, stopInstance, terminateInstance]) {
  Deno.test(`concurrent calls of ${change.name}() share a request, and each returns the change of its own instance`, async () => {
    await using server = wire(accept);
    const changes = await Promise.all(["i-1", "i-2", "i-3"].map((id) => change(server.aws, id)));
    assertEquals(changes.map(({ id }) => id), ["i-1", "i-2", "i-3"]);
    assertEquals(server.calls.map(named), [["i-1", "i-2", "i-3"]]);
  });
}

Deno.test("an instance that EC2 refuses to start fails no other start", async () => {
  await using server = wire((call) =>
    named(call).includes("i-2")
      ? ec2Error("IncorrectInstanceState", "The instance 'i-2' is stopping.")
      : accept(call)
  );
  const results = await Promise.allSettled(["i-1", "i-2", "i-3"].map((id) => startInstance(server.aws, id)));
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
});

Deno.test("without capacity in one place, the starts in this place fail after few requests, and those in other places succeed", async () => {
  await using server = wire((call) =>
    named(call).some((id) => id.startsWith("i-b"))
      ? ec2Error("InsufficientInstanceCapacity", "We do not have sufficient capacity.", 500)
      : accept(call)
  );
  const place = (zone: string, count: number) =>
    Array.from({ length: count }, (_, n) => startInstance(server.aws, `i-${zone}${n}`, zone));
  const good = place("a", 16);
  const bad = place("b", 16);
  for (const start of bad) assert(isInsufficientCapacity(await assertRejects(() => start)));
  await Promise.all(good);
  // One for the place with capacity. For the other one 16, 8, 4, 2 and 1 instances.
  assertEquals(server.calls.map((call) => named(call).length).toSorted((a, b) => b - a), [
    16,
    16,
    8,
    4,
    2,
    1,
  ]);
});

Deno.test("a request names only instances whose starts were requested before its precondition began (R13)", async () => {
  const preconditions: PromiseWithResolvers<void>[] = [];
  const beforeChange = () => {
    const precondition = Promise.withResolvers<void>();
    preconditions.push(precondition);
    return precondition.promise;
  };
  await using server = wire(accept, { beforeChange });
  const early = startInstance(server.aws, "i-1");
  await eventually(() => preconditions.length, (n) => n === 1);
  // The precondition makes the journal safe. A step that begins now may not be safe when the precondition ends.
  const late = startInstance(server.aws, "i-2");
  preconditions[0]?.resolve();
  await early;
  await eventually(() => preconditions.length, (n) => n === 2);
  assertEquals(server.calls.map(named), [["i-1"]]);
  preconditions[1]?.resolve();
  await late;
  assertEquals(server.calls.map(named), [["i-1"], ["i-2"]]);
});
