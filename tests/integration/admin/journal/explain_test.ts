import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { renderExplanation } from "../../../../src/admin/journal/render_explanation.ts";
import type { DecisionRecord } from "../../../../src/autoscaler/store/decisions.ts";
import { decide } from "../../../../src/scaling/decide.ts";
import { RULES_VERSION } from "../../../../src/scaling/model/decision.ts";
import { explain } from "../../../../src/scaling/explain.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { BASE, eventualLine, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { instance, NOW, OBSERVATION, OUT } from "../../../unit/scaling/fixtures.ts";
import { limits } from "../../../unit/scaling/cases.ts";

const EXPLAIN = [...FROM_SOURCE, "admin", "explain"];

/** The rendered explanation of a decision. */
function text(facts: Observation, more: Partial<DecisionRecord> = {}, columns = 100): string {
  const record: DecisionRecord = {
    id: 7,
    time: NOW,
    kas: "1.2.3",
    rules: RULES_VERSION,
    message: { id: "m-1", received: NOW - 12 },
    trigger: OUT,
    observation: facts,
    decision: decide(OUT, facts),
    activity: null,
    ...more,
  };
  return renderExplanation(record, explain(record.trigger, facts), columns).join("\n");
}

Deno.test("renderExplanation() has the recommendation, the observation, each check, the activity and changes", () => {
  const rendered = text({ ...OBSERVATION, ...limits({ max: 3 }) });
  for (
    const line of [
      /^Decision 7 at 2026-11-23T12:00:00.000Z: no action \(max-capacity\)$/m,
      /^ {2}trigger: notification$/m,
      /^ {2}message: m-1, .* 2026-11-23T11:59:59.988Z, 12 ms /m,
      /^ {2}n1 +node +running +in-service +10 % +2026-11-23T11:00:00Z +-$/m,
      /^ {2}limits: max 3, warmup 120s, cooldown-out 0s, cooldown-in 60s, resync 60s$/m,
      /^ {2}cooldown .* passed\b/m,
      /^ {2}max-capacity .* held\b/m,
      /^ {2}no-standby .* not reached +would pass/m,
      /--max 4 .*: start n4$/m,
    ]
  ) assertMatch(rendered, line);
});

Deno.test("renderExplanation() lists the steps of an activity and their failures", () => {
  const rendered = text(OBSERVATION, {
    activity: {
      id: 3,
      kind: "start",
      instance: "n4",
      remaining: [],
      began: NOW,
      ended: NOW + 2_500,
      status: "failed",
      reason: "no capacity in b",
      steps: [{ step: "started", instance: "n4", began: NOW, ended: NOW + 2_000, failure: "no capacity" }],
    },
  });
  assertMatch(rendered, /activity 3: start n4, failed after 2.5 s\n +no capacity in b\n/);
  assertMatch(rendered, /^ {2}started +n4 +2026-11-23T12:00:02.000Z +2 +no capacity$/m);
});

Deno.test("renderExplanation() lists the relevant instances of a large fleet first, and fits 100 columns", () => {
  const id = (i: number) => `i-0123456789abcd${String(i).padStart(3, "0")}`;
  const fleet = Array.from({ length: 200 }, (_, i) => instance(id(i), { role: i === 0 ? "base" : "node" }));
  const signal = {
    ...OUT,
    alarm: { fleet: "kas", kind: "cpuhigh", dimension: id(150), from: "OK", to: "ALARM", at: NOW },
  } as const;
  const rendered = text({ ...OBSERVATION, instances: fleet }, {
    trigger: signal,
    decision: decide(signal, { ...OBSERVATION, instances: fleet }),
  });
  assertStringIncludes(rendered, `\n  ${id(150)}  node`);
  assertStringIncludes(rendered, "\n  and 180 more\n");
  for (const line of rendered.split("\n")) assert(line.length <= 100, line);
});

Deno.test("explain finds a decision by id, by time, or the last one, in the state folder and over HTTP", async () => {
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
  // CloudWatch may have sent more messages meanwhile.
  for (const { stdout } of [byTime, last, latest]) assertMatch(stdout, /^Decision \d+ at /);
  assertEquals(byUrl.stdout, byId.stdout);
  const explained = JSON.parse(json.stdout);
  assertEquals([explained.id, explained.decision.kind, explained.activity.status], [
    line?.id,
    "start",
    "successful",
  ]);
  assertEquals(explained.checks.map(({ name }: { name: string }) => name), [
    "not-newest",
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
