import { assertEquals } from "@std/assert";
import { decide } from "../../../../src/scaling/decide.ts";
import { hasReached, overrideOf, whyOutOfBounds } from "../../../../src/scaling/policies/operator.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import type { Trigger } from "../../../../src/scaling/model/trigger.ts";
import { checks, cpu, history, inProgress, limits, operator, unhealthy } from "../cases.ts";
import { BASE, HOUR, instance, MINUTE, NOW, OBSERVATION, stopped, withInstances } from "../fixtures.ts";

/** Returns the trigger of an operator who asks for a capacity. */
function to(capacity: number): Trigger {
  return { kind: "operator", direction: "to", capacity };
}

/** Returns the trigger of an operator who asks for several instances more or less. */
function by(direction: "out" | "in", count: number): Trigger {
  return { kind: "operator", direction, count };
}

const STANDBY = { instances: [BASE, ...["n1", "n2", "n3", "n4"].map((id) => stopped(id))] };

checks("R22", [
  {
    name: "starts the number of instances that an operator asks for",
    trigger: by("out", 2),
    expected: { actions: ["start n4", "start n3"] },
    numbers: [2],
  },
  {
    name: "starts as many instances as the standby nodes allow, and names the check",
    trigger: by("out", 3),
    observation: limits({ max: 9 }),
    expected: { actions: ["start n4", "start n3"], held: "no-standby" },
  },
  {
    name: "starts as many instances as max allows, and names the check",
    trigger: by("out", 3),
    observation: { ...STANDBY, ...limits({ max: 3 }) },
    expected: { actions: ["start n1", "start n2"], held: "max-capacity" },
  },
  {
    name: "starts standby nodes first, and launches the others that an operator asks for",
    trigger: by("out", 3),
    observation: limits({ max: 9, grow: "kas-node" }),
    expected: { actions: ["start n4", "start n3", "launch"] },
  },
  {
    name: "stops the number of instances that an operator asks for",
    trigger: by("in", 2),
    expected: { actions: ["stop n1", "stop n2"] },
  },
  {
    name: "stops as many instances as min allows, and names the check",
    trigger: by("in", 2),
    observation: limits({ min: 2 }),
    expected: { stop: "n1", held: "min-capacity" },
  },
  {
    name: "stops as many instances as the load allows, and names the check",
    trigger: by("in", 2),
    observation: cpu({ base: 50, n1: 20, n2: 20 }),
    expected: { stop: "n1", held: "projected-load" },
  },
  {
    name: "stops no instance below an operator's number if the first stop is held back",
    trigger: by("in", 2),
    observation: history({ capacityChanged: NOW + 1 }),
    expected: { none: "projected-load" },
  },
  {
    name: "starts instances up to the capacity that an operator asks for",
    trigger: to(5),
    expected: { actions: ["start n4", "start n3"] },
    numbers: [5],
  },
  {
    name: "stops the instances above the capacity that an operator asks for",
    trigger: to(1),
    expected: { actions: ["stop n1", "stop n2"] },
  },
  {
    name: "does nothing if the fleet has the capacity that an operator asks for",
    trigger: to(3),
    expected: { none: "" },
    numbers: [3],
  },
  {
    name: "counts joining and failing instances in the capacity that an operator asks for",
    trigger: to(4),
    observation: {
      ...inProgress(["start", "n3"]),
      ...withInstances(instance("n1", { registration: "out-of-service", health: "failing" })),
    },
    expected: { none: "" },
  },
  {
    name: "does not count an unhealthy instance in the capacity that an operator asks for",
    trigger: to(3),
    observation: withInstances(unhealthy("n1")),
    expected: { start: "n3" },
  },
  {
    name: "waits for no cooldown and no reconcile if an operator asks",
    trigger: by("out", 2),
    observation: {
      ...limits({ cooldownOut: HOUR, resync: HOUR }),
      ...history({ lastOut: NOW - 1_000, lastIn: NOW - 1_000 }),
    },
    expected: { actions: ["start n4", "start n3"] },
  },
  {
    name: "acts only on the instance that an operator names",
    trigger: operator("in", "n2"),
    expected: { stop: "n2" },
  },
  {
    name: "does not stop another instance if the one that an operator names has left",
    trigger: operator("in", "n3"),
    expected: { none: "no-candidate" },
  },
  {
    name: "changes nothing for an operator while the direction is paused",
    trigger: to(5),
    observation: { paused: { out: { since: NOW } } },
    expected: { none: "paused" },
  },
]);

Deno.test("R22: an operator's capacity is in force until its end", () => {
  const override = { capacity: 4, since: NOW - MINUTE, until: NOW + MINUTE, once: false };
  assertEquals(overrideOf({ now: NOW, override }), override);
  assertEquals(overrideOf({ now: NOW + MINUTE, override }), undefined);
  assertEquals(overrideOf({ now: NOW }), undefined);
});

Deno.test("R22: the fleet has reached an operator's capacity when as many instances serve, and none joins or leaves", () => {
  const reached = (observation: Partial<Observation>, capacity = 3) =>
    hasReached({ capacity, since: NOW, until: NOW + HOUR, once: true }, { ...OBSERVATION, ...observation });
  assertEquals(reached({}), true);
  assertEquals(reached({}, 2), false);
  assertEquals(reached({}, 4), false);
  assertEquals(reached(inProgress(["start", "n3"]), 4), false);
  assertEquals(reached(inProgress(["stop", "n2"]), 2), false);
  assertEquals(
    reached(withInstances(instance("n1", { registration: "out-of-service", health: "failing" }))),
    false,
  );
});

Deno.test("R22: desired is the capacity that the actions for an operator lead to", () => {
  assertEquals(decide(to(5), OBSERVATION).desired, 5);
  assertEquals(
    decide(by("out", 9), { ...OBSERVATION, limits: { ...OBSERVATION.limits, max: 4 } }).desired,
    4,
  );
});

Deno.test("R22: a capacity outside the bounds in force is refused", () => {
  const window = { name: "office", begins: NOW - HOUR, ends: NOW + HOUR, max: 4 };
  const refused = (capacity: number, observation: Partial<Observation> = {}) => {
    const { actions, checks } = decide(to(capacity), { ...OBSERVATION, ...observation });
    const why = whyOutOfBounds(capacity, { ...OBSERVATION, ...observation });
    assertEquals(actions.length === 0 && checks.length === 0, why !== undefined || capacity === 3);
    return why !== undefined;
  };
  assertEquals([0, 1, 3, 5, 6].map((n) => refused(n)), [true, false, false, false, true]);
  assertEquals([1, 2, 4, 5].map((n) => refused(n, limits({ min: 2, max: 4 }))), [true, false, false, true]);
  assertEquals([4, 5].map((n) => refused(n, { windows: [window] })), [false, true]);
});
