import { assertEquals, assertMatch } from "@std/assert";
import { BASE, machines, stage } from "../../unit/autoscaler/fixtures.ts";
import { eventually } from "../../support/kas.ts";

Deno.test("an alert is in /status and the metrics while it is firing, and kas posts its beginning and its end", async () => {
  const posts: { name: string; state: string; fleet: string; since: string }[] = [];
  await using receiver = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      posts.push(await request.json());
      return new Response(null, { status: 204 });
    },
  );
  const alertUrl = `http://127.0.0.1:${receiver.addr.port}/secret-token`;
  await using it = await stage({ nodes: 1, machine: machines() });
  const limits = { ...it.options.limits, resync: 100 };
  const autoscaler = it.start({ limits, startTimeout: 100, alertUrl });
  const read = async () => await (await fetch(`${autoscaler.url}/status`)).json();
  const metrics = async () => await (await fetch(`${autoscaler.url}/metrics`)).text();
  await eventually(read, ({ observed }) => observed !== null);
  assertMatch(await metrics(), /^kas_alert\{name="below-min".*\} 0$/m);

  it.sandbox.faults.set("throttle=1");
  const blind = await eventually(read, ({ alerts }) => alerts.length > 0);
  assertEquals(blind.alerts.map(({ name }: { name: string }) => name), ["cannot-observe"]);
  assertMatch(await metrics(), /^kas_alert\{name="cannot-observe".*\} 1$/m);
  it.sandbox.faults.set("throttle=0");
  await eventually(read, ({ alerts }) => alerts.length === 0);

  await eventually(() => Promise.resolve(posts), ({ length }) => length === 2);
  const since = blind.alerts[0].since;
  assertEquals(posts.map(({ name, state, fleet, since }) => [name, state, fleet, since]), [
    ["cannot-observe", "firing", "kas", since],
    ["cannot-observe", "resolved", "kas", since],
  ]);
  const shown = JSON.stringify(await read()) + await metrics();
  assertEquals(shown.includes("secret-token"), false);
  assertEquals(it.standing(BASE), "running in-service");
});
