import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { explain } from "../../../../src/scaling/explain.ts";
import { indexFleet } from "../../../../src/scaling/model/fleet_index.ts";
import type { Loss, Observation } from "../../../../src/scaling/model/observation.ts";
import { isWhole, type Trigger } from "../../../../src/scaling/model/trigger.ts";
import { policyTable } from "../../../../src/scaling/policies/table.ts";
import { history, limits, operator } from "../cases.ts";
import {
  alarm,
  HOUR,
  IN,
  instance,
  MINUTE,
  NOW,
  OBSERVATION,
  OUT,
  RECONCILE,
  withInstances,
} from "../fixtures.ts";
import * as random from "../random.ts";

/** Returns the capacity that each policy recommends. */
function capacities(trigger: Trigger, observation: Partial<Observation> = {}): Record<string, number | null> {
  const observed = { ...OBSERVATION, ...observation };
  const table = policyTable(trigger, observed, indexFleet(observed));
  return Object.fromEntries(table.map(({ policy, capacity }) => [policy, capacity]));
}

const QUIET = { operator: null, alarms: null, replacement: null, minimum: 1, maximum: 5 };

const LOSS: Loss = { instance: "n9", zone: "a", at: NOW - MINUTE, open: true };

const BUSY = [alarm("cpuhigh", "n1", "ALARM")];

const CASES: readonly [string, Trigger, Partial<Observation>, Record<string, number | null>][] = [
  ["no policy but the bounds", RECONCILE, {}, QUIET],
  ["an alarm more", OUT, {}, { ...QUIET, alarms: 4 }],
  ["an alarm less", IN, {}, { ...QUIET, alarms: 2 }],
  ["an alarm that lasts", RECONCILE, { alarms: BUSY }, { ...QUIET, alarms: 4 }],
  ["the configured bounds", RECONCILE, limits({ min: 2, max: 4 }), { ...QUIET, minimum: 2, maximum: 4 }],
  ["what the fleet lost, from which the alarms count", RECONCILE, {
    alarms: BUSY,
    ...history({ losses: [LOSS] }),
  }, {
    ...QUIET,
    alarms: 5,
    replacement: 4,
  }],
  [
    "a start in the place of an instance that serves again",
    RECONCILE,
    {
      ...withInstances(instance("n3", { registration: "out-of-service", launched: NOW })),
      ...history({ losses: [{ ...LOSS, recovered: true, standIn: "n3" }] }),
    },
    { ...QUIET, replacement: 3 },
  ],
  ["an operator by a number, and what the alarms ask", { kind: "operator", direction: "out", count: 2 }, {
    alarms: BUSY,
  }, {
    ...QUIET,
    operator: 5,
    alarms: 4,
  }],
  ["an operator without the alarms", operator("out"), { alarms: [] }, { ...QUIET, operator: 4 }],
  ["an operator with a capacity", { kind: "operator", direction: "to", capacity: 4 }, {}, {
    ...QUIET,
    operator: 4,
  }],
  ["a capacity of an operator that applies", RECONCILE, {
    alarms: BUSY,
    override: { capacity: 2, since: NOW, until: NOW + HOUR, once: false },
  }, { ...QUIET, operator: 2, alarms: 4 }],
  ["schedules, of which one begins later", RECONCILE, {
    windows: [
      { name: "day", begins: NOW - HOUR, ends: NOW + HOUR, min: 2, max: 4 },
      { name: "night", begins: NOW + MINUTE, ends: NOW + HOUR, max: 3 },
    ],
  }, { ...QUIET, minimum: 2, maximum: 4, "schedule day": 2, "schedule night": 3 }],
];

for (const [name, trigger, observation, expected] of CASES) {
  Deno.test(`policyTable() lists ${name}`, () => assertEquals(capacities(trigger, observation), expected));
}

Deno.test("policyTable() names the schedule that sets a bound, and the instances that the fleet lost", () => {
  const observation = {
    ...OBSERVATION,
    windows: [{ name: "day", begins: NOW - HOUR, ends: NOW + HOUR, min: 2 }],
    ...history({ losses: [LOSS] }),
  };
  const table = policyTable(RECONCILE, observation, indexFleet(observation));
  const reason = (name: string) => table.find(({ policy }) => policy === name)?.reason ?? "";
  assertStringIncludes(reason("minimum"), "day");
  assertStringIncludes(reason("replacement"), "n9");
});

Deno.test("R3: what the fleet wants at a reconcile is the recommendation of the operator, of the load policies or of the replacement, within the bounds", () => {
  let seen = 0;
  fc.assert(fc.property(random.trigger, random.observation, (trigger, observation) => {
    const { policies, wanted } = explain(trigger, observation);
    if (!isWhole(trigger) || wanted === null || observation.limits.policies?.length === 0) return;
    const of = (name: string) => policies.find(({ policy }) => policy === name)?.capacity;
    const byLoad = ["alarms", "target", "adaptive", "formula"].flatMap((name) => of(name) ?? []);
    const load = byLoad.length === 0 ? undefined : Math.max(...byLoad);
    const asked = of("operator") ?? load ?? of("replacement");
    const [min = 0, max = 0] = [of("minimum"), of("maximum")].map((it) => it ?? 0);
    if (asked !== undefined && asked !== null) assertEquals(wanted, Math.min(Math.max(asked, min), max));
    assert(wanted <= max);
    seen++;
  }));
  assert(seen > 10);
});
