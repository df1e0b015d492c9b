import { assert, assertEquals, assertMatch } from "@std/assert";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { BASE, eventualLine, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";

const EXPLAIN = [...FROM_SOURCE, "admin", "explain"];

Deno.test("explain finds a decision by id or time, or the latest decision, in the state folder and over HTTP", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  const where = ["--state", it.options.state];

  const [byId, byUrl, byTime, last, latest, json] = await Promise.all([
    execute([...EXPLAIN, String(line?.id), ...where]),
    execute([...EXPLAIN, String(line?.id), "--url", autoscaler.url]),
    execute([...EXPLAIN, "--at", new Date(Date.now() + 1_000).toISOString(), ...where]),
    execute([...EXPLAIN, "--last", ...where]),
    execute([...EXPLAIN, "--url", autoscaler.url]),
    execute([...EXPLAIN, String(line?.id), ...where, "--output", "json"]),
  ]);
  assertEquals([byId.code, byId.stderr], [0, ""]);
  assertMatch(byId.stdout, new RegExp(`^Decision ${line?.id} at \\S+: start ${NODES[0]}\n`));
  assertMatch(byId.stdout, /\n {2}activity 1: start \S+, successful after /);
  assertMatch(byId.stdout, /\n {2}in-service +i-/);
  // CloudWatch may have sent more messages in the meantime.
  for (const { stdout } of [byTime, last, latest]) assertMatch(stdout, /^Decision \d+ at /);
  assertEquals(byUrl.stdout, byId.stdout);
  const explained = JSON.parse(json.stdout);
  assertEquals([explained.id, explained.decision.actions[0].kind, explained.activities[0].status], [
    line?.id,
    "start",
    "successful",
  ]);
  assertEquals(explained.lists[0].checks.map(({ name }: { name: string }) => name), [
    "not-newest",
    "paused",
    "cooldown",
    "max-capacity",
    "no-standby",
  ]);
  assert(explained.changes.length > 0);

  const [unknown, early, both, wrong] = await Promise.all([
    execute([...EXPLAIN, "999", "--url", autoscaler.url]),
    execute([...EXPLAIN, "--at", "2020-01-01T00:00:00Z", ...where]),
    execute([...EXPLAIN, "3", "--last", ...where]),
    execute([...EXPLAIN, "i-1", ...where]),
  ]);
  assertEquals([unknown.code, early.code, both.code, wrong.code], [4, 4, 2, 2]);
  const bad = await fetch(`${autoscaler.url}/decisions?id=x`);
  assertEquals(bad.status, 400);
  await bad.body?.cancel();
  assertMatch(unknown.stderr, /^kas: .*\b999\b.*\nTry: /);
});
