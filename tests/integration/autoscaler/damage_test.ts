import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../../support/kas.ts";
import {
  BASE,
  eventualLine,
  firstResync,
  lines,
  machines,
  NODES,
  type Stage,
  stage,
} from "../../unit/autoscaler/fixtures.ts";

/** Returns the HTTP status of each page, in order. */
async function pages(url: string): Promise<number[]> {
  return await Promise.all(
    ["/status", "/metrics", "/activities", "/decisions", "/decisions?after=0"].map(async (path) => {
      const response = await fetch(url + path);
      await response.text();
      return response.status;
    }),
  );
}

/** Opens a stage with an autoscaler that starts a node. The start waits until the node's worker answers. */
async function starting(serves: (id: string) => boolean) {
  const it = await stage({ nodes: 2, machine: machines(serves) });
  const autoscaler = it.start();
  await it.subscribe(autoscaler);
  await firstResync(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(
    async () => (await (await fetch(`${autoscaler.url}/status`)).json()).activities[0]?.step?.name,
    (step) => step === "healthy",
  );
  return { it, autoscaler, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() };
}

const kinds = async (it: { readonly url: string }) =>
  (await lines(it)).map(({ kind, instance, status }) => `${kind} ${instance} ${status}`);

Deno.test("with damaged rows in each table, all pages answer and kas scales out", async () => {
  await using it: Stage = await stage();
  const autoscaler = it.start();
  await it.subscribe(autoscaler);
  await firstResync(autoscaler);
  const { db } = autoscaler.autoscaler.store;
  db.exec(`
    INSERT INTO decisions SELECT 100, 9007199254740993, trigger_kind, NULL, NULL, 'start', 'i-1', reason, NULL, kas, rules, '{', '{', x'00'
      FROM decisions LIMIT 1;
    INSERT INTO activities (id, decision, kind, instance, remaining, began, status, reason)
      VALUES (100, 100, 'x', 'i-1', '{', 9007199254740993, 'x', '');
    INSERT INTO steps (activity, instance, step, began) VALUES (100, 'i-1', 'x', 9007199254740993);
    INSERT INTO newest_changes VALUES ('kas:cpuhigh:${BASE}', 9007199254740993, 'x');
    INSERT INTO messages (id, kind, body, received, due) VALUES ('damaged', 'notification', '{}', 9007199254740993, 0)`);
  assertEquals(await pages(autoscaler.url), [200, 200, 200, 200, 200]);
  const one = await fetch(`${autoscaler.url}/decisions?id=100`);
  assertEquals(one.status, 500);
  assertMatch(await one.text(), /decision 100/);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => it.standing(NODES[0]), (standing) => standing === "running in-service");
  assertEquals(await pages(autoscaler.url), [200, 200, 200, 200, 200]);
});

Deno.test("after a restart, an activity whose row is damaged ends as failed, and kas decides on the state of the fleet", async () => {
  await using stack = new AsyncDisposableStack();
  const { it, autoscaler } = stack.use(await starting((id) => id !== NODES[0]));
  autoscaler.autoscaler.store.db.exec("UPDATE activities SET kind = 'x'");
  await autoscaler[Symbol.asyncDispose]();
  const again = it.start();
  await firstResync(again);
  assert((await kinds(again)).includes(`start ${NODES[0]} failed`));
  await it.subscribe(again);
  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => kinds(again), (all) => all.includes(`start ${NODES[1]} successful`));
});

Deno.test("while kas carries out an activity whose row is damaged, it makes no other decision; after the activity it continues", async () => {
  let serves = false;
  await using stack = new AsyncDisposableStack();
  const { it, autoscaler } = stack.use(await starting((id) => serves || id === BASE));
  autoscaler.autoscaler.store.db.exec("UPDATE activities SET kind = 'x'");
  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(
    () => autoscaler.inbox.next("notification", Date.now() + 20_000)?.attempts ?? 0,
    (n) => n >= 2,
  );
  assertEquals((await kinds(autoscaler)).filter((line) => !line.startsWith("none")), [
    `start ${NODES[0]} in-progress`,
  ]);
  serves = true;
  await eventualLine(autoscaler, ({ kind, status }) => `${kind} ${status}` === "start successful");
  await eventually(() => autoscaler.inbox.waiting(), (waiting) => waiting === 0);
  assert((await kinds(autoscaler)).length > 1);
});
