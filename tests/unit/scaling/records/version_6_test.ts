import { assertEquals } from "@std/assert";
import { fromVersion6 } from "../../../../src/scaling/records/version_6.ts";
import { instead, replay } from "../../../../src/scaling/replay.ts";
import { NOW, OBSERVATION, OUT, RECONCILE } from "../fixtures.ts";

const GROUNDS = { reason: "busy", checks: [] };
const ACTIONS = [
  { kind: "start", instance: "n4", candidates: ["n3"], by: "start" },
  { kind: "launch", template: "kas-node:2" },
  { kind: "stop", instance: "n1" },
  { kind: "terminate", instance: "n1" },
] as const;

for (const action of ACTIONS) {
  Deno.test(`fromVersion6() converts a decision to ${action.kind} to a decision with this one action`, () => {
    assertEquals(fromVersion6({ ...action, ...GROUNDS }), {
      ...GROUNDS,
      actions: [action],
      recommendations: [],
    });
  });
}

Deno.test("fromVersion6() keeps the check that held an action back, and the recommendation", () => {
  const recommendation = { policy: "alarms", direction: "out", alarm: OUT.alarm, reason: "busy" } as const;
  assertEquals(fromVersion6({ kind: "none", reason: "at max", checks: ["max-capacity"], recommendation }), {
    actions: [],
    reason: "at max",
    checks: ["max-capacity"],
    recommendations: [recommendation],
  });
});

Deno.test("R16: replay() of a record of version 6 compares the action, its instances and the deciding check", () => {
  const again = (decision: Parameters<typeof fromVersion6>[0]) => {
    const { same, rulesChanged } = replay({
      trigger: OUT,
      observation: OBSERVATION,
      decision: fromVersion6(decision),
      rules: 6,
    });
    return [same, rulesChanged];
  };
  const [start, , stop] = ACTIONS;
  assertEquals(again({ ...start, ...GROUNDS }), [true, true]);
  // Version 6 wrote the keys of an action in another order.
  assertEquals(again({ by: "start", candidates: ["n3"], ...GROUNDS, instance: "n4", kind: "start" }), [
    true,
    true,
  ]);
  assertEquals(again({ ...start, instance: "n3", ...GROUNDS }), [false, true]);
  assertEquals(again({ ...start, candidates: [], ...GROUNDS }), [false, true]);
  assertEquals(again({ ...stop, ...GROUNDS }), [false, true]);
  assertEquals(again({ kind: "none", reason: "busy", checks: ["cooldown"] }), [false, true]);
});

Deno.test("instead() shows that version 7 restores the whole minimum at once, where version 6 started one node", () => {
  const observation = { ...OBSERVATION, alarms: [], limits: { ...OBSERVATION.limits, min: 5 }, now: NOW };
  const decision = fromVersion6({ ...ACTIONS[0], ...GROUNDS });
  const { decision: now, differs } = instead({ trigger: RECONCILE, observation, decision, rules: 6 }, {});
  assertEquals([now.actions.length, differs], [2, true]);
});
