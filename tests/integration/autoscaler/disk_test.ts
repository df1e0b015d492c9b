import { assertEquals } from "@std/assert";
import { eventually } from "../../support/kas.ts";
import {
  BASE,
  eventualLine,
  firstResync,
  lines,
  NODES,
  type Stage,
  stage,
} from "../../unit/autoscaler/fixtures.ts";
import { Syncs } from "../../unit/autoscaler/store/syncs.ts";

/** An autoscaler with a topic, and the starts that it asked for. */
async function subscribed(it: Stage) {
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await firstResync(autoscaler);
  const starts: string[] = [];
  it.sandbox.faults.onCall = ({ action, moment }) => {
    if (moment === "before" && action === "StartInstances") starts.push(action);
    return Promise.resolve();
  };
  return { ...autoscaler, starts };
}

Deno.test("while the disk does not answer the fleet is looked at and decided on, but nothing is answered or started (R12, R13)", async () => {
  await using it = await stage();
  const { starts, url } = await subscribed(it);
  const { accepted } = await messages(url);
  {
    using _syncs = new Syncs();
    await it.alarm("cpuhigh", BASE, "ALARM");
    await eventualLine({ url }, ({ kind, status }) => `${kind} ${status}` === "start in-progress");
    // The next decision comes after the start was begun.
    await it.publish("no alarm's");
    await eventually(() => lines({ url }), (all) => all.some(({ reason }) => /no JSON/.test(reason)));
    assertEquals([starts, (await messages(url)).accepted], [[], accepted]);
  }
  await eventually(() => it.standing(NODES[0]), (standing) => standing === "running in-service");
  assertEquals([starts.length, (await messages(url)).accepted], [1, accepted + 2]);
});

Deno.test("while the disk fails nothing is started, and once it is back what was decided is done", async () => {
  await using it = await stage();
  const { starts, url } = await subscribed(it);
  {
    using syncs = new Syncs(new Error("Input/output error (os error 5)"));
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
