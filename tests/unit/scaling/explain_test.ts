import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { decide } from "../../../src/scaling/decide.ts";
import { explain } from "../../../src/scaling/explain.ts";
import type { Decision } from "../../../src/scaling/model/decision.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import { cpu, described, history, limits, lost, operator, unhealthy } from "./cases.ts";
import {
  alarm,
  BASE,
  HOUR,
  IN,
  IN_ANY,
  instance,
  MINUTE,
  NOW,
  OBSERVATION,
  OUT,
  RECONCILE,
  stopped,
  withInstances,
} from "./fixtures.ts";
import * as random from "./random.ts";

const RUNS = { numRuns: 1_000 };

/** Returns each change with the decision to which it leads: "with --max 4 instead of 3: start n4". */
function changes(trigger: Trigger, observation: Partial<Observation>): string[] {
  return explain(trigger, { ...OBSERVATION, ...observation }).changes.map(({ change, decision }) =>
    `${change}: ${decision.actions.map(described).join(", ") || "none"}`
  );
}

Deno.test("explain() shows the check that held decide() back, after the checks that passed", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(random.trigger, random.observation, (trigger, observation) => {
      const { lists, decision } = explain(trigger, observation);
      assertEquals(decision, decide(trigger, observation));
      const held = lists.flatMap(({ checks }) => checks.filter(({ status }) => status === "held"));
      assertEquals(held.map(({ name }) => name), decision.checks);
      for (const { name, message } of held) {
        seen.add(name);
        assertStringIncludes(decision.reason, message);
      }
      assertEquals(lists.flatMap(({ actions }) => actions), decision.actions);
      for (const { checks, actions, selections } of lists) {
        assertEquals(selections.length, actions.length);
        assert(checks.every(({ status, passes }) => status !== "passed" || passes));
        const order = checks.map(({ status }) => ["passed", "held", "not reached"].indexOf(status));
        assertEquals(order, order.toSorted());
      }
    }),
    RUNS,
  );
  assert(seen.size >= 5, `only ${[...seen].join(", ")} came up`);
});

Deno.test("explain() runs no check without an observation or without a recommendation", () => {
  const quiet = [
    explain(RECONCILE, OBSERVATION),
    explain(OUT, { kind: "unobserved", now: NOW, why: "AWS is away" }),
  ];
  for (const { lists } of quiet) assertEquals(lists, []);
  assertEquals(quiet[1]?.changes, []);
});

Deno.test("explain() lists changes, and each change leads to the decision that explain() shows, of different kinds", () => {
  const kinds = ({ actions }: Decision) => actions.map(({ kind }) => kind).join();
  let tried = 0;
  fc.assert(
    fc.property(random.trigger, random.observation, (trigger, observation) => {
      const { decision: was, changes } = explain(trigger, observation);
      for (const { change, decision, ...changed } of changes) {
        assertEquals(decide(changed.trigger, changed.observation), decision, change);
        assert(kinds(decision) !== kinds(was), change);
        tried++;
      }
    }),
    RUNS,
  );
  assert(tried > 200, `${tried} changes only`);
});

/** A fleet below its minimum with two unhealthy nodes, of which one is replaced already. */
const SICK = { ...withInstances(unhealthy("n1"), unhealthy("n5"), instance("n6")), ...limits({ min: 4 }) };

Deno.test("explain() explains each list of actions: the changes of capacity first, then the stops of unhealthy nodes", () => {
  const { lists, decision } = explain(RECONCILE, { ...OBSERVATION, ...SICK });
  assertEquals(lists.map(({ actions }) => actions.map(described)), [["start n4"], ["stop n1"]]);
  assertEquals(lists.map(({ selections }) => selections.length), [1, 1]);
  assertEquals(lists.map(({ checks }) => checks.map(({ name }) => name)), [
    ["not-newest", "paused", "cooldown", "max-capacity", "no-standby"],
    ["not-newest", "paused", "cap"],
  ]);
  assertEquals(decision.checks, []);
});

Deno.test("explain() shows of each list the check that holds an action back, and the checks that kas did not reach", () => {
  const paused = { out: { since: NOW } };
  const { lists, decision } = explain(RECONCILE, { ...OBSERVATION, ...SICK, paused });
  const held = lists.map(({ checks }) => checks.find(({ status }) => status === "held")?.name);
  assertEquals([held, decision.checks], [["paused", undefined], ["paused"]]);
  const notReached = lists.map(({ checks }) =>
    checks.filter(({ status }) => status === "not reached").length
  );
  assertEquals(notReached, [3, 0]);
});

Deno.test("explain() does not modify its arguments", () => {
  fc.assert(
    fc.property(random.trigger, random.observation, (trigger, observation) => {
      const before = JSON.stringify([trigger, observation]);
      explain(trigger, observation);
      assertEquals(JSON.stringify([trigger, observation]), before);
    }),
    { numRuns: 200 },
  );
});

/** A fleet with two instances in service and one in quarantine. */
const NONE_LEFT = { instances: [BASE, instance("n1"), stopped("n4", { quarantine: "it broke" })] };

/** The name of a case, the trigger, what differs from the fleet of the fixtures, and changes that explain() must return. */
const CASES: readonly [string, Trigger, Partial<Observation>, readonly string[]][] = [
  ["max-capacity: at max", OUT, limits({ max: 3 }), ["with --max 4 instead of 3: start n4"]],
  ["max-capacity: the whole fleet in service", OUT, withInstances(instance("n3"), instance("n4")), [
    "with one more stopped node in the fleet: start one-more",
  ]],
  ["cooldown: in the cooldown of a stop", IN_ANY, history({ lastIn: NOW - 20_500 }), [
    "with --cooldown-in 20s instead of 60s: stop n1",
    "40s later, all else the same: stop n1",
  ]],
  ["warm-up: the instance came into service recently", operator("in", "n1"), {
    instances: [
      ...OBSERVATION.instances.filter(({ id }) => id !== "n1"),
      instance("n1", { launched: NOW - MINUTE }),
    ],
  }, [
    "with --warmup 60s instead of 120s: stop n1",
    "60s later, all else the same: stop n1",
  ]],
  ["out-beats-in: an alarm recommends more capacity", IN, {
    alarms: [alarm("cpuhigh", "n2", "ALARM", { threshold: 80 })],
  }, ["if cpuhigh on n2 were in OK instead of ALARM: stop n1"]],
  ["out-beats-in: two alarms recommend more capacity", IN, {
    alarms: [alarm("cpuhigh", "n2", "ALARM"), alarm("reqcount", "kas", "ALARM")],
  }, ["if none of 2 cpuhigh and reqcount alarms were in ALARM: stop n1"]],
  ["min-capacity: at min", IN, limits({ min: 3 }), [
    "with --min 2 instead of 3: stop n1",
    "with one more node in service under the same load: stop n1",
  ]],
  ["projected-load: the other instances cannot carry the load", IN, cpu({ base: 60, n1: 60, n2: 60 }), [
    "with the CPU of base at 31.9 % instead of 60 %: stop n1",
    "with cpuhigh at 95 % instead of 80 %: stop n1",
    "with one more node in service under the same load: stop n1",
  ]],
  ["no-standby: the only node left is in quarantine", operator("out", "n3"), {
    instances: OBSERVATION.instances.map((
      it,
    ) => (it.id === "n3" ? { ...it, quarantine: "no capacity" } : it)),
  }, ["with n3 released from its quarantine: start n3"]],
  ["no-standby: the only node left is detached", operator("out", "n3"), {
    instances: OBSERVATION.instances.map((it) => (it.id === "n3" ? { ...it, detached: true as const } : it)),
  }, ["with n3 no longer detached: start n3"]],
  ["paused: an operator paused scaling out", OUT, { paused: { out: { since: NOW, until: NOW + 60_000 } } }, [
    "60s later, all else the same: start n4",
    "with scaling out resumed: start n4",
  ]],
  ["no-candidate: every node is protected", IN, {
    instances: OBSERVATION.instances.map((
      it,
    ) => (it.role === "node" ? { ...it, protected: true as const } : it)),
  }, ["with n1 no longer protected: stop n1"]],
  ["no-standby: no standby node is left", OUT, { ...NONE_LEFT, ...limits({ max: 3 }) }, [
    "with --grow and --max 4: launch",
    "with one more stopped node in the fleet: start one-more",
  ]],
  ["max-capacity: no standby node is left, and the fleet is at max", OUT, {
    ...NONE_LEFT,
    ...limits({ max: 3, grow: "kas-node" }),
  }, ["with --max 4 instead of 3: launch"]],
  ["no-standby: after a launch that failed", OUT, {
    ...NONE_LEFT,
    ...limits({ max: 5, grow: "kas-node" }),
    ...history({ launchesFail: { since: NOW - 20_500, last: NOW - 20_500 } }),
  }, ["40s later, all else the same: launch"]],
  ["a decision to launch", OUT, { ...NONE_LEFT, ...limits({ max: 5, grow: "kas-node" }) }, [
    "without --grow: none",
    "with --max 3 instead of 5: none",
  ]],
  ["not-newest: out of date", OUT, { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW + 1 })] }, [
    "if cpuhigh on n1 were still in ALARM: start n4",
  ]],
  ["an instance that boots", {
    ...IN,
    alarm: { fleet: "kas", kind: "cpulow", dimension: "n1", from: "INSUFFICIENT_DATA", to: "OK", at: NOW },
  }, {
    instances: OBSERVATION.instances.map((it) => (it.id === "n1" ? { ...it, launched: NOW - MINUTE } : it)),
  }, ["with --warmup 60s instead of 120s: stop n1", "60s later, all else the same: stop n1"]],
  ["a decision to start", OUT, {}, ["with --max 3 instead of the whole fleet's 5: none"]],
  ["a decision to stop", IN, {}, [
    "with --min 3 instead of the number of base and control instances: none",
    "if cpuhigh on base were in ALARM instead of OK: none",
    "with cpuhigh at 21 % instead of 80 %: none",
  ]],
  ["an operator's capacity", RECONCILE, {
    ...limits({ resync: 0 }),
    override: { capacity: 3, since: NOW, until: NOW + 90_000, once: false },
    alarms: [alarm("cpuhigh", "n1", "ALARM", { threshold: 80 })],
  }, [
    "without the operator's capacity of 3: start n4",
    "90s later, all else the same: start n4",
  ]],
  ["no load policy", OUT, limits({ policies: [] }), ["with the policy alarms: start n4"]],
  ["a lost instance", RECONCILE, lost("gone"), [
    "if the fleet had not lost 1 instance: none",
    "with --max 3 instead of the whole fleet's 5: none",
  ]],
  ["a notification of low CPU after a loss", IN, lost("gone"), [
    "if the fleet had not lost 1 instance: stop n1",
  ]],
  ["paused: a lost instance that is unhealthy", RECONCILE, {
    ...withInstances(unhealthy("n1")),
    ...lost("n1"),
    paused: { out: { since: NOW } },
  }, ["with scaling out resumed: start n3"]],
  ["the stop of an unhealthy node", RECONCILE, withInstances(unhealthy("n1")), ["if n1 were healthy: none"]],
  ["cap: another unhealthy node is being stopped", RECONCILE, {
    ...withInstances(unhealthy("n1"), unhealthy("n2")),
    inProgress: [{ kind: "stop", instance: "n2", since: NOW, unhealthy: true }],
  }, ["without the stop of n2 in progress: stop n1"]],
  ["a minimum that a failing instance does not help to reach", RECONCILE, {
    ...withInstances(unhealthy("n1")),
    ...limits({ min: 3 }),
  }, ["if n1 were healthy: none"]],
  ["the maximum of a schedule", RECONCILE, {
    windows: [{ name: "night", begins: NOW - HOUR, ends: NOW + HOUR, max: 2 }],
  }, ["without schedule night: none"]],
  ["a reconcile at which nothing is recommended", RECONCILE, {}, [
    "if cpuhigh on base were in ALARM instead of OK: start n4",
  ]],
];

for (const [name, trigger, observation, expected] of CASES) {
  Deno.test(`explain() finds the change that would change the decision: ${name}`, () => {
    const [, check] = /^([a-z-]+):/.exec(name) ?? [];
    const { lists } = explain(trigger, { ...OBSERVATION, ...observation });
    const held = lists.flatMap(({ checks }) => checks).find(({ status }) => status === "held");
    assertEquals(held?.name, check);
    const found = changes(trigger, observation);
    for (const line of expected) assert(found.includes(line), `${line}\nis not among\n${found.join("\n")}`);
  });
}
