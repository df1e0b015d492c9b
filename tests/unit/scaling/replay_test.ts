import { assertEquals } from "@std/assert";
import { decide } from "../../../src/scaling/decide.ts";
import { type Action, type Decision, kindOf, RULES_VERSION } from "../../../src/scaling/model/decision.ts";
import { instead, type Recorded, replay } from "../../../src/scaling/replay.ts";
import { unhealthy } from "./cases.ts";
import { IN, instance, NOW, OBSERVATION, OUT, RECONCILE, withInstances } from "./fixtures.ts";

const START: Recorded = {
  trigger: OUT,
  observation: OBSERVATION,
  decision: decide(OUT, OBSERVATION),
  rules: RULES_VERSION,
};

/** Returns the record of a start, with some changes. */
function changed(decision: object, rules = RULES_VERSION): Recorded {
  return { ...START, decision: { ...START.decision, ...decision } as Recorded["decision"], rules };
}

Deno.test("R16: replay() compares decisions of the same version of the rules byte by byte", () => {
  assertEquals(replay(START).same, true);
  assertEquals(replay(changed({ reason: "busy" })).same, false);
});

Deno.test("R16: replay() compares only action, instances and deciding check with a different version of the rules", () => {
  const other = RULES_VERSION - 1;
  const [start] = START.decision.actions;
  const action = (more: Partial<Action> | object) => ({ actions: [{ ...start, ...more }] });
  const expected: readonly (readonly [object, boolean])[] = [
    [{ reason: "busy", recommendations: [], desired: 9 }, true],
    [action({ instance: "n3" }), false],
    [action({ candidates: [] }), false],
    [action({ by: "register" }), false],
    [action({ kind: "stop" }), false],
    [{ actions: [] }, false],
    [{ actions: [start, start] }, false],
    [{ checks: ["cooldown"] }, false],
  ];
  for (const [decision, same] of expected) {
    const replayed = replay(changed(decision, other));
    assertEquals([replayed.same, replayed.rulesChanged], [same, true], JSON.stringify(decision));
  }
});

Deno.test("R16: with a different version of the rules, replay() compares all actions in order, and only the deciding check", () => {
  const observation = {
    ...OBSERVATION,
    ...withInstances(unhealthy("n1"), unhealthy("n5"), instance("n6")),
    limits: { ...OBSERVATION.limits, min: 4 },
    paused: { in: { since: NOW } },
  };
  const made = decide(RECONCILE, observation);
  assertEquals([made.actions.length, made.checks], [1, ["paused"]]);
  const same = (more: Partial<Decision>) => {
    const decision = { ...made, ...more };
    return replay({ trigger: RECONCILE, observation, decision, rules: RULES_VERSION - 1 }).same;
  };
  assertEquals(same({}), true);
  assertEquals(same({ checks: ["paused", "cap"] }), true);
  assertEquals(same({ checks: ["cap", "paused"] }), false);
  const [start] = made.actions;
  const stop: Action = { kind: "stop", instance: "n1", unhealthy: true };
  assertEquals(same({ actions: start === undefined ? [] : [start, stop] }), false);
});

Deno.test("R16: the parts of a recorded action may be in another order", () => {
  const [start] = START.decision.actions;
  const reversed = Object.fromEntries(Object.entries(start ?? {}).toReversed());
  assertEquals(replay(changed({ actions: [reversed] }, RULES_VERSION - 1)).same, true);
});

Deno.test("R16: the stop of an unhealthy node and a scale-in of the same node are different outcomes", () => {
  const observation = { ...OBSERVATION, ...withInstances(unhealthy("n1")) };
  const decision = decide(RECONCILE, observation);
  const scaleIn = { ...decision, actions: [{ kind: "stop", instance: "n1" } as const] };
  const record = { trigger: RECONCILE, observation, decision: scaleIn, rules: RULES_VERSION - 1 };
  assertEquals([decision.actions.length, replay(record).same], [1, false]);
});

Deno.test("instead() makes a decision with different limits, and returns whether the action differs", () => {
  const held = instead(START, { max: 3 });
  assertEquals([held.differs, held.decision.actions, held.decision.checks], [true, [], ["max-capacity"]]);
  assertEquals(instead(START, { max: 4 }).differs, false);
});

Deno.test("instead() evaluates the policies again for a reconcile", () => {
  const observation = {
    ...OBSERVATION,
    history: { inServiceSince: { n1: NOW - 60_000 } },
    alarms: [...OBSERVATION.alarms, { ...OBSERVATION.alarms[1], kind: "cpulow" } as never],
  };
  const record = { ...START, trigger: RECONCILE, observation, decision: decide(RECONCILE, observation) };
  assertEquals([record.decision.actions, record.decision.checks], [[], []]);
  assertEquals(kindOf(instead(record, { warmup: 30_000 }).decision), "stop");
});

Deno.test("instead() returns the recorded decision if there is no observation", () => {
  const observation = {
    kind: "unobserved",
    now: NOW,
    processed: { at: NOW + 1, by: "notification" },
  } as const;
  const record = { ...START, trigger: IN, observation, decision: decide(IN, observation) };
  assertEquals(instead(record, { max: 1 }), { decision: record.decision, differs: false });
});
