import { assertEquals, assertRejects } from "@std/assert";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { MINUTE, Minutes } from "../../../../src/autoscaler/telemetry/minutes.ts";
import { Past } from "../../../../src/autoscaler/telemetry/past.ts";
import type { Ec2Instance } from "../../../../src/aws/ec2/instances.ts";
import { realRuntime } from "../../../../src/runtime.ts";
import { json, type Wire, wire } from "../../aws/wire.ts";
import { instance, NOW } from "../../scaling/fixtures.ts";

const INSTANCES = [
  { ...instance("i-1"), monitoring: "detailed" },
  { ...instance("i-2"), monitoring: "detailed" },
] as unknown as readonly Ec2Instance[];

const { signal } = new AbortController();

/** An answer with the CPU of both instances in the last two minutes. */
function answer(): Response {
  const times = [NOW - 2 * MINUTE, NOW - MINUTE].map((at) => at / 1_000);
  return json({
    MetricDataResults: [
      { Id: "i0", StatusCode: "Complete", Timestamps: times, Values: [50, 50] },
      { Id: "i1", StatusCode: "Complete", Timestamps: times.slice(1), Values: [25] },
    ],
  });
}

function pastOf(server: Wire, store: Store): { past: Past; minutes: Minutes } {
  const minutes = new Minutes(store);
  return { past: new Past({ aws: server.aws, clock: realRuntime.clock, store, minutes }), minutes };
}

Deno.test("kas fills the minutes of the last week from CloudWatch, once", async () => {
  await using server = wire(answer);
  using store = Store.memory();
  const { past, minutes } = pastOf(server, store);
  await past.fill(INSTANCES, NOW, signal);
  await past.fill(INSTANCES, NOW, signal);
  assertEquals(server.calls.length, 1);
  assertEquals(minutes.read(0, NOW), [
    { at: NOW - 2 * MINUTE, demand: 0.5, serving: 1, source: "cloudwatch" },
    { at: NOW - MINUTE, demand: 0.75, serving: 2, source: "cloudwatch" },
  ]);
});

Deno.test("kas does not ask CloudWatch for the last week if the journal has a minute", async () => {
  await using server = wire(answer);
  using store = Store.memory();
  const { past, minutes } = pastOf(server, store);
  minutes.add({ at: NOW - 600 * MINUTE, demand: 1, serving: 1, source: "scrape" });
  await past.fill(INSTANCES, NOW, signal);
  assertEquals(server.calls.length, 0);
});

Deno.test("if CloudWatch does not answer about the last week, kas goes on without it", async () => {
  await using server = wire(() => Response.json({ __type: "AccessDenied" }, { status: 400 }));
  using store = Store.memory();
  const { past, minutes } = pastOf(server, store);
  await past.fill(INSTANCES, NOW, signal);
  const calls = server.calls.length;
  await past.fill(INSTANCES, NOW, signal);
  assertEquals([server.calls.length, minutes.newest()], [calls, undefined]);
});

Deno.test("a request to stop ends the reading of the last week", async () => {
  await using server = wire(answer);
  using store = Store.memory();
  const { past } = pastOf(server, store);
  await assertRejects(
    () => past.fill(INSTANCES, NOW, AbortSignal.abort(new Error("stopped"))),
    Error,
    "stopped",
  );
});
