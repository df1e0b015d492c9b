import { assert, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { renderExplanation } from "../../../../src/admin/journal/render_explanation.ts";
import type { DecisionRecord } from "../../../../src/autoscaler/store/decisions.ts";
import { decide } from "../../../../src/scaling/decide.ts";
import { explain } from "../../../../src/scaling/explain.ts";
import { RULES_VERSION } from "../../../../src/scaling/model/decision.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { history, limits } from "../../scaling/cases.ts";
import { instance, MINUTE, NOW, OBSERVATION, OUT, withInstances } from "../../scaling/fixtures.ts";

/** Makes a decision and returns its explanation as text. */
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
    activities: [],
    ...more,
  };
  return renderExplanation(record, explain(record.trigger, facts), columns).join("\n");
}

Deno.test("renderExplanation() shows the recommendation, the observation, each check, the activity and possible changes", () => {
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

Deno.test("renderExplanation() shows the recorded reason of a decision that an older version of the rules made (R16)", () => {
  const decision = { ...decide(OUT, OBSERVATION), reason: "busy" };
  assertMatch(text(OBSERVATION, { rules: 1, decision }), /by version 1 of the rules: busy$/m);
  assertFalse(text(OBSERVATION).includes("recorded reason"));
});

Deno.test("renderExplanation() lists the steps of an activity and the failures of these steps", () => {
  const rendered = text(OBSERVATION, {
    activities: [{
      id: 3,
      kind: "start",
      instance: "n4",
      remaining: [],
      began: NOW,
      ended: NOW + 2_500,
      status: "failed",
      reason: "no capacity in b",
      steps: [{ step: "started", instance: "n4", began: NOW, ended: NOW + 2_000, failure: "no capacity" }],
    }],
  });
  assertMatch(rendered, /activity 3: start n4, failed after 2.5 s\n +no capacity in b\n/);
  assertMatch(rendered, /^ {2}started +n4 +2026-11-23T12:00:02.000Z +2 +no capacity$/m);
});

Deno.test("renderExplanation() lists the relevant instances of a large fleet first, and lines have at most 100 columns", () => {
  const id = (i: number) => `i-0123456789abcd${String(i).padStart(3, "0")}`;
  const fleet = Array.from({ length: 200 }, (_, i) => instance(id(i), { role: i === 0 ? "base" : "node" }));
  const trigger = {
    ...OUT,
    alarm: { fleet: "kas", kind: "cpuhigh", dimension: id(150), from: "OK", to: "ALARM", at: NOW },
  } as const;
  const rendered = text({ ...OBSERVATION, instances: fleet }, {
    trigger,
    decision: decide(trigger, { ...OBSERVATION, instances: fleet }),
  });
  assertStringIncludes(rendered, `\n  ${id(150)}  node`);
  assertStringIncludes(rendered, "\n  and 180 more\n");
  for (const line of rendered.split("\n")) assert(line.length <= 100, line);
});

Deno.test("renderExplanation() shows what each policy recommended, and the capacity that the fleet wanted", () => {
  const rendered = text({ ...OBSERVATION, ...limits({ min: 2, max: 3 }) });
  assertMatch(rendered, /^ {2}alarms +4 +/m);
  assertMatch(rendered, /^ {2}maximum +3 +/m);
  assertMatch(rendered, /^ {2}wanted: 4, desired: 3$/m);
});

Deno.test("renderExplanation() shows the capacity of an operator, the losses and the instances that fail (R21, R22)", () => {
  const at = NOW - MINUTE;
  const time = new Date(at).toISOString();
  const rendered = text({
    ...OBSERVATION,
    ...limits({ unhealthyAfter: 120_000 }),
    ...withInstances(
      instance("n1", { health: "failing", failingSince: at }),
      instance("n2", { health: "unhealthy", impaired: "its system status is impaired" }),
    ),
    ...history({
      losses: [
        { instance: "n7", zone: "b", at, open: true },
        { instance: "n8", zone: "b", at, open: false, standIn: "n4" },
        { instance: "n9", zone: "b", at, open: true, recovered: true },
      ],
    }),
    override: { capacity: 7, since: at, until: NOW + MINUTE, once: false },
  });
  for (
    const line of [
      new RegExp(`n1 is failing; .*${time}`),
      /n2 is unhealthy: its system status is impaired/,
      new RegExp(`lost n7 in b at ${time};`),
      /lost n8 in b .*n4/,
      /lost n9 in b .*serves again/,
      /capacity of 7 until/,
      /unhealthy-after 120s/,
    ]
  ) assertMatch(rendered, line);
});
