import { assertEquals } from "@std/assert";
import { realRuntime } from "../../../src/runtime.ts";
import { eventually } from "../../support/kas.ts";
import { BASE, eventualLine, firstResync, lines, NODES, stage } from "../../unit/autoscaler/fixtures.ts";
import { Syncs } from "../../unit/autoscaler/store/syncs.ts";

/** A stage with a subscribed autoscaler, the disk syncs of the autoscaler, and its StartInstances calls. */
async function subscribed() {
  const syncs = new Syncs();
  const it = await stage({}, {}, { ...realRuntime, sync: syncs.sync });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await firstResync(autoscaler);
  const starts: string[] = [];
  it.sandbox.faults.onCall = ({ action, moment }) => {
    if (moment === "before" && action === "StartInstances") starts.push(action);
    return Promise.resolve();
  };
  return { it, url: autoscaler.url, syncs, starts, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() };
}

Deno.test("while the disk hangs, the autoscaler observes and decides, but answers no message and starts no instance (R12, R13)", async () => {
  await using subscription = await subscribed();
  const { it, starts, syncs, url } = subscription;
  const { accepted } = await messages(url);
  {
    using _hanging = syncs.hang();
    await it.alarm("cpuhigh", BASE, "ALARM");
    await eventualLine({ url }, ({ kind, status }) => `${kind} ${status}` === "start in-progress");
    // The next decision shows that the control loop has begun the start.
    await it.publish("not an alarm");
    await eventually(() => lines({ url }), ([newest]) => newest?.kind === "none");
    assertEquals([starts, (await messages(url)).accepted], [[], accepted]);
  }
  await eventually(() => it.standing(NODES[0]), (standing) => standing === "running in-service");
  assertEquals([starts.length, (await messages(url)).accepted], [1, accepted + 2]);
});

Deno.test("while the disk fails, the autoscaler starts no instance; after the disk recovers, it carries out its decision", async () => {
  await using subscription = await subscribed();
  const { it, starts, syncs, url } = subscription;
  {
    using _failing = syncs.fail(new Error("Input/output error (os error 5)"));
    await it.alarm("cpuhigh", BASE, "ALARM");
    await eventualLine({ url }, ({ kind, status }) => `${kind} ${status}` === "start in-progress");
    const before = syncs.begun.length;
    await eventually(() => syncs.begun.length, (n) => n > before + 3);
    assertEquals([starts, (await messages(url)).failed > 0], [[], true]);
  }
  await eventually(() => it.standing(NODES[0]), (standing) => standing === "running in-service");
  assertEquals(starts.length, 1);
});

async function messages(url: string): Promise<{ accepted: number; failed: number }> {
  return (await (await fetch(`${url}/status`)).json()).messages;
}
