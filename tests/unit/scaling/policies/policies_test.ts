import { assertEquals } from "@std/assert";
import { decide } from "../../../../src/scaling/decide.ts";
import type { Window } from "../../../../src/scaling/model/limits.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import type { Trigger } from "../../../../src/scaling/model/trigger.ts";
import { checks, cpu, described, history, inProgress, limits, lost, unhealthy } from "../cases.ts";
import {
  alarm,
  BASE,
  HOUR,
  IN,
  instance,
  MINUTE,
  NOW,
  OBSERVATION,
  OUT,
  RECONCILE,
  stopped,
  withInstances,
} from "../fixtures.ts";

const SCHEDULE: Trigger = { kind: "schedule" };
const HIGH = alarm("cpuhigh", "n1", "ALARM", { threshold: 80 });
const LOW = alarm("cpulow", "n1", "OK");
/** A fleet of one instance in service and four standby nodes. */
const STANDBY = {
  instances: [BASE, ...["n1", "n2", "n3", "n4"].map((id) => stopped(id))],
  ...cpu({ base: 10 }),
};
const OPEN: Window = { name: "office", begins: NOW - HOUR, ends: NOW + HOUR };

/** Returns the policies of a decision with the number of instances that each recommends: `minimum out 1`. */
function advice(trigger: Trigger, observation: Partial<Observation>): string[] {
  return decide(trigger, { ...OBSERVATION, ...observation }).recommendations.map(
    ({ policy, direction, count = 1 }) => `${policy} ${direction} ${count}`,
  );
}

checks("R21", [
  {
    name: "starts an instance in the place of each that the fleet lost, above min too",
    trigger: RECONCILE,
    observation: lost("gone", "away"),
    expected: { actions: ["start n4", "start n3"] },
    numbers: [2],
  },
  {
    name: "does not wait for the cooldown to replace a lost instance",
    trigger: RECONCILE,
    observation: {
      ...limits({ cooldownOut: HOUR, resync: HOUR }),
      history: { ...lost("gone").history, lastOut: NOW - 1_000, lastIn: NOW - 1_000 },
    },
    expected: { start: "n4" },
  },
  {
    name: "replaces lost instances up to max, and names max",
    trigger: RECONCILE,
    observation: { ...limits({ max: 4 }), ...lost("gone", "away") },
    expected: { start: "n4", held: "max-capacity" },
  },
  {
    name: "counts what an alarm recommends from the capacity before the loss",
    trigger: RECONCILE,
    observation: { ...limits({ resync: 0 }), ...lost("gone"), alarms: [HIGH] },
    expected: { actions: ["start n4", "start n3"] },
  },
  {
    name: "stops nothing if an alarm recommends less and the fleet has lost an instance",
    trigger: RECONCILE,
    observation: { ...lost("gone"), alarms: [LOW] },
    expected: { none: "" },
  },
  {
    name: "stops one instance less if the fleet lost one and max asks for two less",
    trigger: RECONCILE,
    observation: { ...limits({ max: 1 }), ...lost("gone") },
    expected: { actions: ["stop n1", "stop n2"] },
  },
  {
    name: "stops nothing for a notification of low CPU if the fleet has lost an instance",
    trigger: IN,
    observation: lost("gone"),
    expected: { none: "" },
    numbers: [1],
  },
  {
    name: "starts one instance for a notification, whatever the fleet lost",
    trigger: OUT,
    observation: lost("gone", "away"),
    expected: { start: "n4" },
  },
  {
    name: "does not start an instance for a loss that is closed",
    trigger: RECONCILE,
    observation: history({ losses: [{ instance: "gone", zone: "a", at: NOW - MINUTE, open: false }] }),
    expected: { none: "" },
  },
  {
    name: "does not count a low alarm right after a loss: it shows the load before that",
    trigger: RECONCILE,
    observation: {
      history: { ...lost("gone").history, capacityChanged: NOW - 1_000 },
      alarms: [LOW],
    },
    expected: { start: "n4" },
  },
]);

Deno.test("R3, R21: a reconcile names first the instances up to min, then the replacements of lost instances, and then what an alarm recommends", () => {
  const all = {
    ...STANDBY,
    ...limits({ min: 2, resync: 0 }),
    ...lost("gone", "away"),
    alarms: [alarm("cpuhigh", "base", "ALARM", { threshold: 80 })],
  };
  assertEquals(advice(RECONCILE, all), ["minimum out 1", "replacement out 1", "alarms out 1"]);
  assertEquals(advice(RECONCILE, { ...all, ...limits({ min: 3, resync: 0 }) }), [
    "minimum out 2",
    "alarms out 1",
  ]);
  assertEquals(advice(RECONCILE, { ...all, ...limits({ min: 5, resync: 0 }) }), ["minimum out 4"]);
});

Deno.test("R3: desired is the capacity in service, failing and joining if nothing changes, and what it is after the actions", () => {
  const desired = (observation: Partial<Observation>) =>
    decide(RECONCILE, { ...OBSERVATION, ...observation }).desired;
  assertEquals(desired({}), 3);
  assertEquals(desired(inProgress(["start", "n3"])), 4);
  const n1 = instance("n1", {
    registration: "out-of-service",
    health: "failing",
    failingSince: NOW - MINUTE,
  });
  assertEquals(desired(withInstances(n1)), 3);
  assertEquals(desired({ ...lost("n1"), ...withInstances(unhealthy("n1")) }), 3);
  // The stop of an unhealthy node does not change the capacity.
  assertEquals(desired(withInstances(unhealthy("n1"))), 2);
  assertEquals(desired(limits({ max: 1 })), 1);
});

checks("R22", [
  {
    name: "follows an operator's capacity instead of the alarms",
    trigger: RECONCILE,
    observation: { ...override(3), alarms: [HIGH] },
    expected: { none: "" },
  },
  {
    name: "replaces what the fleet lost below an operator's capacity, and no more",
    trigger: RECONCILE,
    observation: { ...override(4), ...lost("gone", "away") },
    expected: { start: "n4" },
  },
  {
    name: "raises an operator's capacity to min",
    trigger: RECONCILE,
    observation: { ...override(1), ...limits({ min: 4 }) },
    expected: { start: "n4" },
  },
  {
    name: "lowers an operator's capacity to max, and names max",
    trigger: RECONCILE,
    observation: { ...override(5), ...limits({ max: 4 }) },
    expected: { start: "n4", held: "max-capacity" },
  },
  {
    name: "stops instances above an operator's capacity through the checks",
    trigger: RECONCILE,
    observation: { ...override(1), ...cpu({ base: 50, n1: 20, n2: 20 }) },
    expected: { stop: "n1", held: "projected-load" },
  },
  {
    name: "does not wait for the cooldown to reach an operator's capacity",
    trigger: RECONCILE,
    observation: {
      ...override(2),
      ...limits({ cooldownIn: HOUR }),
      ...history({ lastIn: NOW - 30_000 }),
    },
    expected: { stop: "n1" },
  },
  {
    name: "does not follow a notification of high CPU at an operator's capacity",
    trigger: OUT,
    observation: override(3),
    expected: { none: "" },
  },
  {
    name: "follows a notification of high CPU below an operator's capacity",
    trigger: OUT,
    observation: override(4),
    expected: { start: "n4" },
  },
  {
    name: "does not follow a notification of low CPU above an operator's capacity: a reconcile does",
    trigger: IN,
    observation: override(2),
    expected: { none: "" },
  },
  {
    name: "does not follow an operator's capacity whose time has ended",
    trigger: RECONCILE,
    observation: override(5, NOW),
    expected: { none: "" },
  },
]);

checks("R19", [
  {
    name: "follows the minimum of a window down without a load policy",
    trigger: SCHEDULE,
    observation: { ...limits({ policies: [] }), windows: [{ ...OPEN, min: 2 }] },
    expected: { stop: "n1" },
    numbers: [3, 2],
  },
  {
    name: "follows the configured minimum outside of windows without a load policy",
    trigger: RECONCILE,
    observation: { ...limits({ policies: [] }), windows: [] },
    expected: { actions: ["stop n1", "stop n2"] },
  },
  {
    name: "follows no minimum down if the fleet has no schedules",
    trigger: RECONCILE,
    observation: limits({ policies: [] }),
    expected: { none: "" },
  },
  {
    name: "follows no minimum down if the fleet has a load policy",
    trigger: SCHEDULE,
    observation: { windows: [{ ...OPEN, min: 2 }] },
    expected: { none: "" },
  },
  {
    name: "follows an operator's capacity, not the minimum of a window, without a load policy",
    trigger: RECONCILE,
    observation: { ...limits({ policies: [] }), windows: [{ ...OPEN, min: 2 }], ...override(3) },
    expected: { none: "" },
  },
  {
    name: "makes all checks and waits for the cooldown before it follows the minimum down",
    trigger: SCHEDULE,
    observation: {
      ...limits({ policies: [], cooldownIn: 10 * MINUTE }),
      windows: [{ ...OPEN, min: 2 }],
      ...history({ lastIn: NOW - 5 * MINUTE }),
    },
    expected: { none: "cooldown" },
  },
  {
    name: "replaces a lost instance only up to the minimum without a load policy",
    trigger: RECONCILE,
    observation: { ...limits({ policies: [] }), windows: [{ ...OPEN, min: 3 }], ...lost("gone") },
    expected: { none: "" },
  },
  {
    name: "ignores alarms without the policy alarms",
    trigger: OUT,
    observation: limits({ policies: [] }),
    expected: { none: "" },
  },
]);

Deno.test("R21: a joining replacement is not needed any more if the lost instance serves again, and kas stops it at once", () => {
  const observation = recovered();
  const { actions, desired, recommendations } = decide(RECONCILE, observation);
  assertEquals([actions.map(described), desired], [["stop n3"], 3]);
  assertEquals(recommendations.map(({ policy }) => policy), ["replacement"]);
});

for (
  const [why, more] of [
    ["an alarm recommends more capacity", {
      alarms: [HIGH],
      limits: { ...OBSERVATION.limits, resync: 0, metricDelay: 0 },
    }],
    ["the fleet needs it to reach min", limits({ min: 4 })],
    ["another instance is lost", { history: recovered("gone").history }],
    ["an operator asked for its capacity", override(4)],
  ] as const
) {
  Deno.test(`R21: kas keeps a joining replacement of an instance that serves again if ${why}`, () => {
    assertEquals(decide(RECONCILE, { ...recovered(), ...more }).actions, []);
  });
}

Deno.test("R21: kas does not cancel a replacement that is protected, or while an operator has paused scaling in", () => {
  const joining = { state: "pending", registration: "none" } as const;
  const guarded = withInstances(instance("n3", { ...joining, protected: true }));
  assertEquals(decide(RECONCILE, { ...recovered(), ...guarded }).actions, []);
  const paused = { paused: { in: { since: NOW } } };
  assertEquals(decide(RECONCILE, { ...recovered(), ...paused }).checks, ["paused"]);
});

/** A fleet in which a lost instance serves again, and its replacement serves too. */
function returned(instance: string): Pick<Observation, "history"> {
  return history({ losses: [{ instance, zone: "a", at: NOW - MINUTE, open: false, recovered: true }] });
}

checks("R21", [
  {
    name: "stops the instance that serves again while another one serves in its place",
    trigger: RECONCILE,
    observation: returned("n1"),
    expected: { stop: "n1" },
  },
  {
    name: "stops another node if a base instance serves again",
    trigger: RECONCILE,
    observation: returned("base"),
    expected: { stop: "n1" },
  },
  {
    name: "stops another node if a protected node serves again",
    trigger: RECONCILE,
    observation: { ...returned("n1"), ...withInstances(instance("n1", { protected: true })) },
    expected: { stop: "n2" },
  },
  {
    name: "makes all checks for scaling in before it stops an instance because another one serves again",
    trigger: RECONCILE,
    observation: { ...returned("n1"), ...cpu({ base: 70, n1: 70, n2: 70 }) },
    expected: { none: "projected-load" },
  },
  {
    name: "waits for the cooldown before it stops an instance because another one serves again",
    trigger: RECONCILE,
    observation: { history: { ...returned("n1").history, lastIn: NOW - 30_000 } },
    expected: { none: "cooldown" },
  },
  {
    name: "keeps all instances if one serves again and the fleet needs all of them to reach min",
    trigger: RECONCILE,
    observation: { ...returned("n1"), ...limits({ min: 3 }) },
    expected: { none: "" },
  },
  {
    name: "keeps all instances if one serves again and an alarm recommends more capacity",
    trigger: RECONCILE,
    observation: { ...returned("n1"), ...limits({ resync: 0 }), alarms: [HIGH] },
    expected: { start: "n4" },
  },
  {
    name: "starts no instance in the place of a lost one if another one serves again",
    trigger: RECONCILE,
    observation: {
      history: {
        ...OBSERVATION.history,
        losses: [...returned("n1").history.losses ?? [], ...lost("gone").history.losses ?? []],
      },
    },
    expected: { none: "" },
  },
  {
    name: "stops nothing because of an instance that serves again if it has left service since",
    trigger: RECONCILE,
    observation: { ...returned("n1"), ...withInstances(stopped("n1")) },
    expected: { none: "" },
  },
  {
    name: "keeps the capacity of an operator if an instance serves again",
    trigger: RECONCILE,
    observation: { ...returned("n1"), ...override(3) },
    expected: { none: "" },
  },
  {
    name: "stops one instance because another serves again, and one because of a low alarm",
    trigger: RECONCILE,
    observation: { ...returned("n1"), alarms: [LOW] },
    expected: { actions: ["stop n1", "stop n2"] },
  },
]);

/** Returns an observation with the capacity that an operator asked for. */
function override(capacity: number, until = NOW + HOUR): Pick<Observation, "override"> {
  return { override: { capacity, since: NOW - MINUTE, until, once: false } };
}

/** Returns the fleet in which n2 serves again while n3 joins in its place, and which has lost other instances. */
function recovered(...others: readonly string[]): Observation {
  const loss = {
    instance: "n2",
    zone: "b",
    at: NOW - MINUTE,
    open: false,
    standIn: "n3",
    recovered: true,
  } as const;
  return {
    ...OBSERVATION,
    ...withInstances(instance("n3", { state: "pending", registration: "none", launched: NOW - MINUTE })),
    ...inProgress(["start", "n3"]),
    ...history({ losses: [loss, ...lost(...others).history.losses ?? []] }),
  };
}
