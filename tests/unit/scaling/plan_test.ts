import { assertEquals } from "@std/assert";
import { decide } from "../../../src/scaling/decide.ts";
import type { Action, Decision } from "../../../src/scaling/model/decision.ts";
import type { Instance } from "../../../src/scaling/model/instance.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import { heldChange, isFulfilled } from "../../../src/scaling/plan.ts";
import { cpu, described, history, inProgress, limits, lost, operator, unhealthy } from "./cases.ts";
import {
  alarm,
  BASE,
  HOUR,
  IN,
  instance,
  MINUTE,
  NOW,
  OBSERVATION,
  RECONCILE,
  stopped,
  withInstances,
} from "./fixtures.ts";

/** Returns the actions of a decision: `start n4`. */
function actions(trigger: Trigger, observation: Partial<Observation>): string[] {
  return decide(trigger, { ...OBSERVATION, ...observation }).actions.map(described);
}

/** Returns the trigger of an operator who asks for several instances more or less. */
function by(direction: "out" | "in", count: number): Trigger {
  return { kind: "operator", direction, count };
}

/** Returns a fleet of the base instance and others. */
function fleet(...others: readonly Instance[]): Pick<Observation, "instances"> {
  return { instances: [BASE, ...others] };
}

/** Returns stopped nodes in a zone. */
function standby(zone: string, ...ids: readonly string[]): Instance[] {
  return ids.map((id) => stopped(id, { zone }));
}

/** Returns nodes in service in a zone. */
function serving(zone: string, ...ids: readonly string[]): Instance[] {
  return ids.map((id) => instance(id, { zone }));
}

/** Three nodes that could serve in the place of the base instance. */
const LIMITS = limits({ min: 4, max: 9 });

Deno.test("R1, R7: several starts keep the zones balanced, as if the earlier ones had succeeded", () => {
  const nodes = [...standby("a", "a1", "a2", "a3"), ...standby("b", "b1", "b2", "b3")];
  assertEquals(actions(RECONCILE, { ...limits({ min: 6 }), ...fleet(...nodes) }), [
    "start b1",
    "start a1",
    "start b2",
    "start a2",
    "start b3",
  ]);
});

Deno.test("R1, R8: several stops keep the zones balanced, as if the earlier ones had succeeded", () => {
  const nodes = [...serving("a", "a1", "a2"), ...serving("b", "b1", "b2")];
  const idle = cpu({ base: 1, a1: 1, a2: 1, b1: 1, b2: 1 });
  assertEquals(actions(by("in", 4), { ...fleet(...nodes), ...idle }), [
    "stop a1",
    "stop a2",
    "stop b1",
    "stop b2",
  ]);
  assertEquals(actions(by("in", 2), { ...fleet(...nodes, ...serving("b", "b3")), ...idle }), [
    "stop a1",
    "stop b1",
  ]);
});

Deno.test("R1: the same instance does not start or stop twice", () => {
  const all = actions(by("out", 9), limits({ max: 9 }));
  assertEquals(all, [...new Set(all)]);
  assertEquals(actions(by("in", 9), {}), ["stop n1", "stop n2"]);
});

Deno.test("R1, R3: the checks count earlier starts of the list as joining", () => {
  const held = decide(by("out", 4), { ...OBSERVATION, ...limits({ max: 4 }) });
  assertEquals([held.actions.map(described), held.checks], [["start n4"], ["max-capacity"]]);
});

Deno.test("R1, R3: the checks count earlier stops of the list as left", () => {
  const held = decide(by("in", 2), { ...OBSERVATION, ...limits({ min: 2 }) });
  assertEquals([held.actions.map(described), held.checks], [["stop n1"], ["min-capacity"]]);
});

Deno.test("R1, R3: a launch counts earlier launches of the list towards max", () => {
  const observation = { ...OBSERVATION, ...fleet(), ...limits({ max: 3, grow: "kas-node" }) };
  const { actions, checks, desired } = decide(by("out", 5), observation);
  assertEquals([actions.map(described), checks, desired], [["launch", "launch"], ["max-capacity"], 3]);
});

Deno.test("R1, R6: each stop of a list must leave enough instances for the whole load", () => {
  const nodes = fleet(...serving("a", "a1", "a2", "a3"));
  const stops = (percent: number) => {
    const load = cpu({ base: percent, a1: percent, a2: percent, a3: percent });
    const alarms = [alarm("cpuhigh", "base", "OK", { threshold: 80 })];
    const { actions, checks } = decide(by("in", 3), { ...OBSERVATION, ...nodes, ...load, alarms });
    return [actions.length, ...checks];
  };
  // The limit is 76 %. The load of four instances goes to three, two and one.
  assertEquals(stops(18), [3]);
  assertEquals(stops(19), [2, "projected-load"]);
  assertEquals(stops(38), [1, "projected-load"]);
  assertEquals(stops(57), [0, "projected-load"]);
});

Deno.test("R1, R5: a cooldown counts from changes before the list, not from its earlier actions", () => {
  const slow = limits({ cooldownIn: HOUR, cooldownOut: HOUR, resync: HOUR, max: 1 });
  assertEquals(actions(RECONCILE, slow), ["stop n1", "stop n2"]);
  const recent = { ...slow, ...history({ lastIn: NOW - MINUTE }) };
  const { actions: none, checks } = decide(RECONCILE, { ...OBSERVATION, ...recent });
  assertEquals([none, checks], [[], ["cooldown"]]);
});

Deno.test("R1, R6: the datapoints of a list must be from after the last change before it, not after its earlier actions", () => {
  const old = { n1: { percent: 5, at: NOW - 2 * MINUTE }, n2: { percent: 5, at: NOW - 2 * MINUTE } };
  const observation = { cpu: { base: { percent: 5, at: NOW - 2 * MINUTE }, ...old } };
  assertEquals(actions(by("in", 2), { ...observation, ...history({ capacityChanged: NOW - 3 * MINUTE }) }), [
    "stop n1",
    "stop n2",
  ]);
  assertEquals(actions(by("in", 2), { ...observation, ...history({ capacityChanged: NOW - MINUTE }) }), []);
});

Deno.test("R1: a check that holds an action back ends the list", () => {
  // After n4, only a paused node is left. kas could launch another node only if the fleet were smaller.
  const observation = {
    ...limits({ max: 5, grow: "kas-node" }),
    ...history({ starts: [{ what: "slow", at: NOW - 1_000, instance: "n3", reason: "" }] }),
  };
  const { actions, checks } = decide(by("out", 3), { ...OBSERVATION, ...observation });
  assertEquals([actions.map(described), checks], [["start n4"], ["max-capacity"]]);
});

Deno.test("R1, R21: a check that holds a start back does not hold the stop of an unhealthy node back, and vice versa", () => {
  // One of two unhealthy nodes is replaced already.
  const sick = withInstances(unhealthy("n1"), unhealthy("n6"), instance("n5"));
  const paused = (direction: "out" | "in") => {
    const observation = {
      ...OBSERVATION,
      ...sick,
      ...limits({ min: 4 }),
      paused: { [direction]: { since: NOW } },
    };
    const { actions, checks } = decide(RECONCILE, observation);
    return [actions.map(described), checks];
  };
  assertEquals(paused("out"), [["stop n1"], ["paused"]]);
  assertEquals(paused("in"), [["start n4"], ["paused"]]);
});

Deno.test("R1, R21: the stop of an unhealthy node does not count as a scale-in of the other list", () => {
  const observation = {
    ...OBSERVATION,
    ...withInstances(unhealthy("n1"), instance("n5")),
    ...limits({ max: 2 }),
    ...cpu({ base: 1, n2: 1, n5: 1 }),
  };
  const { actions, desired } = decide(RECONCILE, observation);
  assertEquals([actions.map(described), desired], [["stop n5", "stop n1"], 2]);
});

Deno.test("R7: the starts of a decision do not have each other's instances as candidates, and share the others", () => {
  const nodes = fleet(...standby("a", "n1", "n2", "n3", "n4"));
  const starts = decide(by("out", 2), { ...OBSERVATION, ...nodes }).actions;
  assertEquals(starts.map((start) => "candidates" in start ? [start.instance, ...start.candidates] : []), [
    ["n1", "n3", "n4"],
    ["n2", "n3", "n4"],
  ]);
});

Deno.test("R7: a start has at most 20 candidates", () => {
  const ids = Array.from({ length: 50 }, (_, i) => `n${i + 10}`);
  const [start] = decide(operator("out"), { ...OBSERVATION, ...fleet(...standby("a", ...ids)) }).actions;
  assertEquals(start !== undefined && "candidates" in start && start.candidates.length, 20);
});

Deno.test("R8: only the first stop concerns the instance of the alarm", () => {
  assertEquals(actions(IN, {}), ["stop n1"]);
  const low = { ...limits({ max: 1, resync: 0 }), alarms: [alarm("cpulow", "n2", "OK")] };
  assertEquals(actions(RECONCILE, low), ["stop n1", "stop n2"]);
});

Deno.test("R3: desired is the capacity after all actions", () => {
  const desired = (trigger: Trigger, observation: Partial<Observation>) =>
    decide(trigger, { ...OBSERVATION, ...observation }).desired;
  assertEquals(desired(RECONCILE, LIMITS), 4);
  assertEquals(desired(RECONCILE, { ...LIMITS, ...lost("gone") }), 4);
  assertEquals(desired(RECONCILE, { ...limits({ max: 9, grow: "kas-node" }), ...lost("x", "y", "z") }), 6);
  assertEquals(desired(RECONCILE, inProgress(["launch"])), 4);
});

/** Returns a decision with actions and recommendations. */
function decision(more: Partial<Decision>): Decision {
  return { actions: [], reason: "", checks: [], recommendations: [], ...more };
}

Deno.test("a decision is fulfilled if it has every change that the policies recommend", () => {
  const recommendation = { policy: "minimum", direction: "out", count: 2, reason: "" } as const;
  const start: Action = { kind: "start", instance: "n3", candidates: [], by: "start" };
  const stop: Action = { kind: "stop", instance: "n1", unhealthy: true };
  const sick = { policy: "unhealthy", direction: "in", count: 1, reason: "" } as const;
  const half = decision({ actions: [start], checks: ["no-standby"], recommendations: [recommendation] });
  assertEquals([isFulfilled(half), heldChange(half)], [false, "no-standby"]);
  const whole = decision({
    actions: [start, start],
    checks: ["cap"],
    recommendations: [recommendation, sick],
  });
  assertEquals([isFulfilled(whole), heldChange(whole)], [true, undefined]);
  // A stop of an unhealthy node is no change of capacity.
  assertEquals(isFulfilled(decision({ actions: [stop], recommendations: [recommendation, sick] })), false);
  assertEquals(isFulfilled(decision({})), true);
});
