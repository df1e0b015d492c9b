import { assertEquals } from "@std/assert";
import type { AlarmKind, AlarmState } from "../../../../src/scaling/model/alarm.ts";
import { indexFleet } from "../../../../src/scaling/model/fleet_index.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { alarmsPolicy, fromNotification } from "../../../../src/scaling/policies/alarms.ts";
import { alarm, instance, MINUTE, NOW, OBSERVATION, RECONCILE, stopped, withInstances } from "../fixtures.ts";

const TABLE: readonly [AlarmKind, AlarmState, "out" | "in" | "none"][] = [
  ["cpuhigh", "ALARM", "out"],
  ["cpuhigh", "OK", "none"],
  ["cpuhigh", "INSUFFICIENT_DATA", "none"],
  ["cpulow", "ALARM", "none"],
  ["cpulow", "OK", "in"],
  ["cpulow", "INSUFFICIENT_DATA", "none"],
  ["reqcount", "ALARM", "out"],
  ["reqcount", "OK", "in"],
  ["reqcount", "INSUFFICIENT_DATA", "none"],
];

for (const [kind, to, expected] of TABLE) {
  Deno.test(`fromNotification() reads ${kind} in ${to} as the direction ${expected}`, () => {
    const change = { fleet: "kas", kind, dimension: "x", from: "INSUFFICIENT_DATA", to, at: 1 } as const;
    const recommendation = fromNotification(change);
    assertEquals(recommendation.direction, expected);
    if (recommendation.direction === "none") return;
    assertEquals(recommendation.alarm, change);
    assertEquals(recommendation.instance, kind === "cpulow" ? "x" : undefined);
  });
}

/** Returns what the alarms policy recommends at a reconcile: the direction, and the dimension of the alarm. */
function reconcile(more: Partial<Observation>): readonly [string, string?] {
  const observation = { ...OBSERVATION, ...more };
  const recommendation = alarmsPolicy(RECONCILE, observation, indexFleet(observation));
  return recommendation.direction === "none"
    ? ["none"]
    : [recommendation.direction, recommendation.alarm.dimension];
}

Deno.test("R2: alarmsPolicy() treats an alarm state that persists like a repeated notification", () => {
  const observation = {
    ...OBSERVATION,
    alarms: [alarm("cpuhigh", "n1", "ALARM", { changed: NOW - MINUTE })],
  };
  const recommendation = alarmsPolicy(RECONCILE, observation, indexFleet(observation));
  if (recommendation.direction === "none") throw new Error(recommendation.reason);
  const { policy, direction, alarm: change } = recommendation;
  assertEquals([policy, direction, change], [
    "alarms",
    "out",
    { fleet: "kas", kind: "cpuhigh", dimension: "n1", from: "ALARM", to: "ALARM", at: NOW - MINUTE },
  ]);
});

Deno.test("R2: alarmsPolicy() recommends nothing if no alarm's state requires a change", () => {
  assertEquals(reconcile({}), ["none"]);
});

Deno.test("R4: alarmsPolicy() recommends to scale out before it recommends to scale in", () => {
  const alarms = [
    alarm("cpulow", "n1", "OK", { changed: NOW - 5 * MINUTE }),
    alarm("reqcount", "kas", "ALARM", { changed: NOW }),
  ];
  assertEquals(reconcile({ alarms }), ["out", "kas"]);
});

Deno.test("alarmsPolicy() uses the alarm state that has lasted longest", () => {
  const alarms = [
    alarm("cpuhigh", "n1", "ALARM", { changed: NOW }),
    alarm("cpuhigh", "n2", "ALARM", { changed: NOW - MINUTE }),
  ];
  assertEquals(reconcile({ alarms }), ["out", "n2"]);
});

Deno.test("R5: alarmsPolicy() ignores the alarm of an instance that boots", () => {
  const alarms = [
    alarm("cpulow", "n1", "OK", { changed: NOW - MINUTE }),
    alarm("cpulow", "n2", "OK", { changed: NOW }),
  ];
  assertEquals(reconcile({ alarms, history: { inServiceSince: { n1: NOW - MINUTE } } }), ["in", "n2"]);
});

Deno.test("R8: alarmsPolicy() prefers the alarm of an instance that kas may stop to the alarm of the base instance", () => {
  const alarms = [
    alarm("cpulow", "base", "OK", { changed: NOW - MINUTE }),
    alarm("cpulow", "n2", "OK", { changed: NOW }),
  ];
  assertEquals(reconcile({ alarms }), ["in", "n2"]);
});

Deno.test("R11: alarmsPolicy() ignores alarms of different fleets and of instances that no longer exist", () => {
  const alarms = [alarm("cpuhigh", "n1", "ALARM", { fleet: "web" }), alarm("cpuhigh", "i-9", "ALARM")];
  assertEquals(reconcile({ alarms }), ["none"]);
});

/** Returns a fleet in which the cpuhigh alarm of n1 is in ALARM, and capacity changed some ms ago. */
function changed(ago: number, more: Partial<Observation> = {}): Partial<Observation> {
  return {
    limits: { ...OBSERVATION.limits, metricDelay: 3 * MINUTE },
    alarms: [alarm("cpuhigh", "n1", "ALARM", { threshold: 80, changed: NOW - 6 * MINUTE })],
    history: { inServiceSince: {}, capacityChanged: NOW - ago },
    ...more,
  };
}

Deno.test("R2: alarmsPolicy() repeats a recommendation after the alarm's period and the metric delay since the last change", () => {
  assertEquals(reconcile(changed(4 * MINUTE - 1)), ["none"]);
  assertEquals(reconcile(changed(4 * MINUTE)), ["out", "n1"]);
});

Deno.test("R2: alarmsPolicy() does not repeat a recommendation while an instance is joining", () => {
  const inProgress = [{ kind: "start", instance: "n3", since: NOW - MINUTE }] as const;
  assertEquals(reconcile(changed(10 * MINUTE, { inProgress })), ["none"]);
});

Deno.test("R2: alarmsPolicy() repeats a recommendation even if an instance fails its health check for a long time", () => {
  const failing = withInstances(instance("n2", { registration: "out-of-service" }));
  assertEquals(reconcile(changed(10 * MINUTE, failing)), ["out", "n1"]);
});

Deno.test("alarmsPolicy() recommends at most twice the number of saturated instances, and at most three more", () => {
  const serving = (n: number) => Array.from({ length: n }, (_, i) => instance(`n${i + 1}`));
  const joined = (n: number) =>
    Array.from({ length: n }, (_, i) => instance(`j${i}`, { launched: NOW - MINUTE }));
  for (const [saturated, allowed] of [[1, 2], [2, 4], [3, 6], [4, 7], [9, 12]] as const) {
    const asks = (came: number, percent = 97): readonly [string, string?] =>
      reconcile(changed(30_000, {
        instances: [...serving(saturated), ...joined(came)],
        cpu: Object.fromEntries(serving(saturated).map(({ id }) => [id, { percent, at: NOW - MINUTE }])),
      }));
    assertEquals(asks(allowed - saturated - 1), ["out", "n1"], `${saturated} saturated`);
    assertEquals(asks(allowed - saturated), ["none"], `${saturated} saturated`);
    assertEquals(asks(0, 95), ["none"]);
  }
});

Deno.test("alarmsPolicy() does not count the CPU of booting instances as saturation", () => {
  const cpu = { n2: { percent: 100, at: NOW - 2 * MINUTE } };
  const history = { inServiceSince: { n2: NOW - MINUTE }, capacityChanged: NOW - MINUTE };
  const instances = [instance("n1"), instance("n2"), stopped("n3")];
  assertEquals(reconcile(changed(0, { cpu, history, instances })), ["none"]);
});
