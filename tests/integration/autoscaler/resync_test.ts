/**
 * R2: when the autoscaler reconciles, and how reconciles and messages delay each other.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { JournalLine } from "../../../src/autoscaler/store/lines.ts";
import { replay } from "../../../src/scaling/replay.ts";
import { eventually } from "../../support/kas.ts";
import { BASE, eventualLine, firstResync, lines, NODES, stage } from "../../unit/autoscaler/fixtures.ts";

Deno.test("kas evaluates a message that arrives during a slow reconciliation before the reconciliation", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  await it.subscribe(autoscaler);

  const limits = { ...it.options.limits, resync: 700 };
  await autoscaler[Symbol.asyncDispose]();
  // The sandbox does not answer the first request for the alarms during the test.
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
  // After the message, the autoscaler reconciles.
  await eventually(
    () => lines(again),
    (all) =>
      all.some(({ trigger: source, time }) =>
        source === "reconcile" && Date.parse(time) > Date.parse(line?.time ?? "")
      ),
  );
});

Deno.test("many messages delay a reconciliation only for a limited time", async () => {
  await using it = await stage();
  const limits = { ...it.options.limits, resync: 300 };
  const autoscaler = await it.start({ limits });
  await it.subscribe(autoscaler);
  // Each request for the alarms takes much longer than the time between two messages.
  it.sandbox.faults.onCall = ({ action, moment }) =>
    action === "DescribeAlarms" && moment === "before"
      ? new Promise((resolve) => void setTimeout(resolve, 120))
      : undefined;
  const enough = new AbortController();
  const stream = (async () => {
    while (!enough.signal.aborted) await it.publish("hello");
  })();
  // Request more lines than the messages of the test can cause.
  const all = async (): Promise<JournalLine[]> =>
    await (await fetch(`${autoscaler.url}/activities?limit=10000`)).json();
  const reconciliations = async () =>
    (await all()).filter(({ trigger: source }) => source === "reconcile").reduce(
      (sum, { times }) => sum + times,
      0,
    );
  try {
    const before = await reconciliations();
    await eventually(reconciliations, (after) => after >= before + 3);
  } finally {
    enough.abort();
    await stream;
  }
});

Deno.test("kas repeats a failed reconciliation after a short time, before the next interval", async () => {
  await using it = await stage();
  await it.alarm("cpuhigh", BASE, "ALARM");
  it.sandbox.faults.set("errors=1");
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  it.sandbox.faults.clear();
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(line?.trigger, "reconcile");
});

Deno.test("a reconciliation that cannot observe the fleet records one decision without an action, with the reason (I8)", async () => {
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

Deno.test("an incomplete observation leads to no decision (R4, R6)", async () => {
  await using it = await stage({ nodes: 1_001 });
  await it.alarm("cpuhigh", BASE, "ALARM");
  // The second page never arrives.
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
