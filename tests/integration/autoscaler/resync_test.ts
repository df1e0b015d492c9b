/**
 * R2: when a resync is made, and what goes before it.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { JournalLine } from "../../../src/autoscaler/store/lines.ts";
import { replay } from "../../../src/scaling/replay.ts";
import { eventually } from "../../support/kas.ts";
import { BASE, eventualLine, firstResync, lines, NODES, stage } from "../../unit/autoscaler/fixtures.ts";

Deno.test("a message that comes while a resync looks at a slow AWS is decided on before it", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  await it.subscribe(autoscaler);

  const limits = { ...it.options.limits, resync: 700 };
  await autoscaler[Symbol.asyncDispose]();
  // The first look at the alarms takes as long as the test.
  const held = Promise.withResolvers<void>();
  const looking = Promise.withResolvers<void>();
  let looks = 0;
  it.sandbox.faults.onCall = async ({ action, moment }) => {
    if (action !== "DescribeAlarms" || moment !== "before" || looks++ > 0) return;
    looking.resolve();
    await held.promise;
  };
  const again = await it.start({
    limits,
    listen: { hostname: "127.0.0.1", port: Number(new URL(autoscaler.url).port) },
  });
  await looking.promise;
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(again, ({ status }) => status === "successful");
  assertEquals([line?.instance, line?.trigger], [NODES[0], "notification"]);
  held.resolve();
  // Then the resync is made up for.
  await eventually(
    () => lines(again),
    (all) =>
      all.some(({ trigger: source, time }) =>
        source === "reconcile" && Date.parse(time) > Date.parse(line?.time ?? "")
      ),
  );
});

Deno.test("a stream of messages does not put the resync off for ever", async () => {
  await using it = await stage();
  const limits = { ...it.options.limits, resync: 300 };
  const autoscaler = await it.start({ limits });
  await it.subscribe(autoscaler);
  // A look at the alarms takes much longer than from one message to the next.
  it.sandbox.faults.onCall = ({ action, moment }) =>
    action === "DescribeAlarms" && moment === "before"
      ? new Promise((resolve) => void setTimeout(resolve, 120))
      : undefined;
  const enough = new AbortController();
  const stream = (async () => {
    while (!enough.signal.aborted) await it.publish("hello");
  })();
  // More lines than the stream can fill.
  const all = async (): Promise<JournalLine[]> =>
    await (await fetch(`${autoscaler.url}/activities?limit=10000`)).json();
  const resyncs = async () =>
    (await all()).filter(({ trigger: source }) => source === "reconcile").reduce(
      (sum, { times }) => sum + times,
      0,
    );
  try {
    const before = await resyncs();
    await eventually(resyncs, (after) => after >= before + 3);
  } finally {
    enough.abort();
    await stream;
  }
});

Deno.test("a resync that failed is made again soon, not an interval later", async () => {
  await using it = await stage();
  await it.alarm("cpuhigh", BASE, "ALARM");
  it.sandbox.faults.set("errors=1");
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  it.sandbox.faults.clear();
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(line?.trigger, "reconcile");
});

Deno.test("a resync that can't see the fleet leaves one decision that does nothing, and says why (I8)", async () => {
  await using it = await stage({ faults: ["errors=1"] });
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  it.sandbox.faults.clear();
  const [first] = (await lines(autoscaler)).toReversed();
  assertEquals([first?.kind, first?.trigger], ["none", "reconcile"]);
  assertMatch(first?.reason ?? "", /cannot observe the fleet: .*(InternalError|Unavailable|Failure)/);
  const record = await (await fetch(`${autoscaler.url}/decisions?after=0`)).json();
  assert(replay(record).same);
});

Deno.test("a fleet that can be read in part is not decided on (R4, R6)", async () => {
  await using it = await stage({ nodes: 1_001 });
  await it.alarm("cpuhigh", BASE, "ALARM");
  // Its second page never comes.
  it.sandbox.faults.onCall = ({ action, input, moment }) => {
    if (action === "DescribeInstances" && input["NextToken"] !== undefined && moment === "before") {
      throw new TypeError("no second page");
    }
  };
  const autoscaler = await it.start();
  const pages = () =>
    it.sandbox.calls.filter(({ action, error }) => action === "DescribeInstances" && error).length;
  await eventually(pages, (n) => n >= 6);
  for (const { kind, reason } of await lines(autoscaler)) {
    assertEquals(kind, "none");
    assertMatch(reason, /cannot observe the fleet/);
  }
  assert(it.sandbox.calls.every(({ action }) => action !== "StartInstances"));
  it.sandbox.faults.onCall = undefined;
  await eventualLine(autoscaler, ({ kind, status }) => kind === "start" && status === "successful");
});
