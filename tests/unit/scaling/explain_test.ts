import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { Recommendation } from "../../../src/scaling/model/alarm.ts";
import { checkResults, decide } from "../../../src/scaling/decide.ts";
import { explain } from "../../../src/scaling/explain.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import { reconcileRecommendation } from "../../../src/scaling/policies/alarms.ts";
import { cpu, history, limits, manual } from "./cases.ts";
import {
  alarm,
  BASE,
  FACTS,
  IN,
  IN_ANY,
  instance,
  MINUTE,
  NOW,
  OUT,
  stopped,
  withInstances,
} from "./fixtures.ts";
import * as random from "./random.ts";

const RUNS = { numRuns: 1_000 };

/** What would have had to be different, and what then: "with --max 4 instead of 3: start n4". */
function different(signal: Recommendation, facts: Partial<Observation>): string[] {
  return explain(signal, { ...FACTS, ...facts }).different.map(({ change, decision }) =>
    `${change}: ${decision.kind}${"instance" in decision ? ` ${decision.instance}` : ""}`
  );
}

Deno.test("explain() binds the rule that decide() names, after all that passed, of random fleets", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(random.signal, random.facts, (signal, facts) => {
      const { rules, decision } = explain(signal, facts);
      assertEquals(decision, decide(signal, facts));
      const bound = rules.filter(({ state }) => state === "bound");
      if (decision.kind === "none") {
        assertEquals(bound.map(({ rule }) => rule), decision.rules);
        for (const { rule, says } of bound) {
          seen.add(rule);
          assertStringIncludes(decision.reason, says);
        }
      } else {
        assertEquals(bound, []);
        assert(rules.every(({ state, passes }) => state === "passed" && passes));
      }
      const states = rules.map(({ state }) => ["passed", "bound", "not reached"].indexOf(state));
      assertEquals(states, states.toSorted());
    }),
    RUNS,
  );
  assert(seen.size >= 5, `only ${[...seen].join(", ")} came up`);
});

Deno.test("explain() says of each rule what that rule says itself, and of one that could not be asked nothing", () => {
  fc.assert(
    fc.property(random.signal, random.facts, (signal, facts) => {
      const { rules } = explain(signal, facts);
      if (signal.kind === "none") return assertEquals(rules, []);
      const said = checkResults(signal, facts);
      for (const [i, { says, passes, rule }] of rules.entries()) {
        assertEquals([says, passes], said[i] ? [said[i].message, said[i].passed] : ["", null]);
        if (said[i]) assertEquals(rule, said[i].check);
      }
    }),
    RUNS,
  );
});

Deno.test("explain(): each change that it tells of really leads to the decision that it tells, and to another kind", () => {
  let changes = 0;
  const holds = (signal: Recommendation, facts: Observation) => {
    const was = decide(signal, facts);
    for (
      const { change, decision, recommendation: other, observation: changed } of explain(signal, facts)
        .different
    ) {
      assertEquals(decide(other, changed), decision, change);
      assert(decision.kind !== was.kind, change);
      changes++;
    }
  };
  fc.assert(fc.property(random.signal, random.facts, holds), { numRuns: 500 });
  fc.assert(fc.property(random.facts, (facts) => holds(reconcileRecommendation(facts), facts)), {
    numRuns: 500,
  });
  assert(changes > 200, `${changes} changes only`);
});

Deno.test("explain() changes nothing it is given", () => {
  fc.assert(
    fc.property(random.signal, random.facts, (signal, facts) => {
      const before = JSON.stringify([signal, facts]);
      explain(signal, facts);
      assertEquals(JSON.stringify([signal, facts]), before);
    }),
    { numRuns: 200 },
  );
});

/** Two in service, and one in quarantine. */
const NONE_LEFT = { instances: [BASE, instance("n1"), stopped("n4", { quarantine: "it broke" })] };

/** What is asked, what differs from the fleet of the fixtures, and changes that must be told. */
const CASES: readonly [string, Recommendation, Partial<Observation>, readonly string[]][] = [
  ["R3: at max", OUT, limits({ max: 3 }), ["with --max 4 instead of 3: start n4"]],
  ["R3: the whole fleet in service", OUT, withInstances(instance("n3"), instance("n4")), [
    "with one more stopped node in the fleet: start one-more",
  ]],
  ["R5: in the cooldown of a stop", IN_ANY, history({ lastIn: NOW - 20_500 }), [
    "with --cooldown-in 20s instead of 60s: stop n1",
    "40s later, all else the same: stop n1",
  ]],
  ["R5: younger than the warm-up", { ...manual("in", "n1") }, {
    instances: [
      ...FACTS.instances.filter(({ id }) => id !== "n1"),
      instance("n1", { launched: NOW - MINUTE }),
    ],
  }, [
    "with --warmup 60s instead of 120s: stop n1",
    "60s later, all else the same: stop n1",
  ]],
  ["R4: an alarm calls for more", IN, {
    alarms: [alarm("cpuhigh", "n2", "ALARM", { threshold: 80 })],
  }, ["if cpuhigh of n2 were in OK instead of ALARM: stop n1"]],
  ["R4: two of them", IN, {
    alarms: [alarm("cpuhigh", "n2", "ALARM"), alarm("reqcount", "kas", "ALARM")],
  }, ["if none of 2 cpuhigh and reqcount alarms were in ALARM: stop n1"]],
  ["R3: at min", IN, limits({ min: 3 }), [
    "with --min 2 instead of 3: stop n1",
    "with one more node in service under the same load: stop n1",
  ]],
  ["R6: more than the others can carry", IN, cpu({ base: 70, n1: 60, n2: 60 }), [
    "with the CPU of base at 39.9 % instead of 70 %: stop n1",
    "with cpuhigh at 96 % instead of 80 %: stop n1",
    "with one more node in service under the same load: stop n1",
  ]],
  ["R7: the only node left is in quarantine", { kind: "out", source: "manual", instance: "n3" }, {
    instances: FACTS.instances.map((it) => (it.id === "n3" ? { ...it, quarantine: "no capacity" } : it)),
  }, ["with n3 released from its quarantine: start n3"]],
  ["R7: nobody left to start", OUT, { ...NONE_LEFT, ...limits({ max: 3 }) }, [
    "with --grow and --max 4: launch",
    "with one more stopped node in the fleet: start one-more",
  ]],
  ["R3: nobody left to start, and no room for more", OUT, {
    ...NONE_LEFT,
    ...limits({ max: 3, grow: "kas-node" }),
  }, ["with --max 4 instead of 3: launch"]],
  ["R7: after a launch that failed", OUT, {
    ...NONE_LEFT,
    ...limits({ max: 5, grow: "kas-node" }),
    ...history({ launchesFail: { since: NOW - 20_500, last: NOW - 20_500 } }),
  }, ["40s later, all else the same: launch"]],
  ["a launch that was made", OUT, { ...NONE_LEFT, ...limits({ max: 5, grow: "kas-node" }) }, [
    "without --grow: none",
    "with --max 3 instead of 5: none",
  ]],
  ["R11: out of date", OUT, { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW + 1 })] }, [
    "if cpuhigh of n1 were still in ALARM: start n4",
  ]],
  ["R5: a machine that boots", {
    ...IN,
    alarm: { fleet: "kas", kind: "cpulow", dimension: "n1", from: "INSUFFICIENT_DATA", to: "OK", at: NOW },
  }, {
    instances: FACTS.instances.map((it) => (it.id === "n1" ? { ...it, launched: NOW - MINUTE } : it)),
  }, ["if cpulow of n1 had come from ALARM instead of INSUFFICIENT_DATA: stop n2"]],
  ["a start that was made", OUT, {}, ["with --max 3 instead of the whole fleet's 5: none"]],
  ["a stop that was made", IN, {}, [
    "with --min 3 instead of the number of base and control instances: none",
    "if cpuhigh of base were in ALARM instead of OK: none",
    "with cpuhigh at 20 % instead of 80 %: none",
  ]],
  ["a resync at which nothing is asked", reconcileRecommendation(FACTS), {}, [
    "if cpuhigh of base were in ALARM instead of OK: start n4",
  ]],
];

for (const [name, signal, facts, expected] of CASES) {
  Deno.test(`explain() tells what would have had to be different: ${name}`, () => {
    const [, rule] = /^(R\d+)/.exec(name) ?? [];
    const bound = explain(signal, { ...FACTS, ...facts }).rules.find(({ state }) => state === "bound");
    assertEquals(bound?.rule, rule);
    const told = different(signal, facts);
    for (const line of expected) assert(told.includes(line), `${line}\nis not among\n${told.join("\n")}`);
  });
}
