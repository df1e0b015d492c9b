import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decide } from "../../../../src/scaling/decide.ts";
import { boundsOf, capacityOf } from "../../../../src/scaling/model/capacity.ts";
import { changeOf } from "../../../../src/scaling/plan.ts";
import { checks, cpu, history, inProgress, limits, operator } from "../cases.ts";
import { alarm, MINUTE, NOW, OBSERVATION, OUT, RECONCILE, stopped, withInstances } from "../fixtures.ts";
import { observation as observations } from "../random.ts";

const idle = cpu({ base: 10, n1: 10, n2: 10 });

checks("R3", [
  {
    name: "starts a node at a reconcile while the capacity is below min, without an alarm",
    trigger: RECONCILE,
    observation: { ...limits({ min: 4 }), alarms: [] },
    expected: { start: "n4" },
    numbers: [3, 4],
  },
  {
    name: "counts joining instances toward min",
    trigger: RECONCILE,
    observation: { ...limits({ min: 4 }), ...inProgress(["start", "n4"]), alarms: [] },
    expected: { none: "" },
  },
  {
    name: "starts no node for min above max",
    trigger: RECONCILE,
    observation: { ...limits({ min: 5, max: 3 }), alarms: [] },
    expected: { none: "" },
  },
  {
    name: "does not wait for the cooldown to restore min",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 4, cooldownOut: 10 * MINUTE, resync: 10 * MINUTE }),
      ...history({ lastOut: NOW - 1_000 }),
      alarms: [],
    },
    expected: { start: "n4" },
  },
  {
    name: "restores min before an alarm scales in",
    trigger: RECONCILE,
    observation: { ...limits({ min: 4 }), alarms: [alarm("cpulow", "n1", "OK")], ...idle },
    expected: { start: "n4" },
  },
  {
    name: "follows only the alarm for a notification, even below min",
    trigger: OUT,
    observation: limits({ min: 5, cooldownOut: MINUTE, max: 3 }),
    expected: { none: "max-capacity" },
  },
  {
    name: "follows the operator, even below min",
    trigger: operator("in", "n1"),
    observation: { ...limits({ min: 4 }), ...idle },
    expected: { none: "min-capacity" },
  },
  {
    name: "has a minimum of one instance in a fleet without a base instance",
    trigger: RECONCILE,
    observation: { instances: [stopped("n1")], alarms: [] },
    expected: { start: "n1" },
  },
  {
    name: "starts a node in the place of a stopped base instance",
    trigger: RECONCILE,
    observation: {
      ...withInstances(stopped("base", { role: "base" })),
      instances: [
        stopped("base", { role: "base" }),
        stopped("n1"),
      ],
      alarms: [],
    },
    expected: { start: "n1" },
  },
  {
    name: "stops a node at a reconcile while the capacity is above max",
    trigger: RECONCILE,
    observation: {
      ...limits({ max: 2 }),
      ...idle,
      alarms: [alarm("cpuhigh", "n1", "OK", { threshold: 80 })],
    },
    expected: { stop: "n1" },
    numbers: [3, 2],
  },
  {
    name: "stops no node above max while the remaining instances could not carry the load",
    trigger: RECONCILE,
    observation: {
      ...limits({ max: 2 }),
      ...cpu({ base: 70, n1: 70, n2: 70 }),
      alarms: [alarm("cpuhigh", "n1", "OK", { threshold: 80 })],
    },
    expected: { none: "projected-load" },
  },
]);

Deno.test("R3: a reconcile below min starts what is missing or names the check that holds a start, and never scales in", () => {
  let below = 0;
  fc.assert(
    fc.property(observations, (observation) => {
      const missing = boundsOf(observation).min.value - capacityOf(observation).current;
      if (missing <= 0) return;
      below++;
      const { actions, checks, recommendations: [first], reason } = decide(RECONCILE, observation);
      assertEquals([first?.policy, first?.count], ["minimum", missing]);
      assertEquals(actions.filter((action) => changeOf(action) < 0), []);
      const starts = actions.filter((action) => changeOf(action) > 0);
      assertEquals(starts.length < missing && checks.length === 0, false, reason);
    }),
    { numRuns: 2_000 },
  );
  assertEquals(below > 50, true, `${below} fleets below min`);
  assertEquals(OBSERVATION.limits.min, undefined);
});
