import { assertEquals } from "@std/assert";
import type { AlarmKind, AlarmState } from "../../../../src/scaling/model/alarm.ts";
import { indexFleet } from "../../../../src/scaling/model/fleet_index.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { alarmsPolicy, fromNotification } from "../../../../src/scaling/policies/alarms.ts";
import { alarm, MINUTE, NOW, OBSERVATION, RECONCILE } from "../fixtures.ts";

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
  Deno.test(`fromNotification() takes ${kind} in ${to} for ${expected}`, () => {
    const change = { fleet: "kas", kind, dimension: "x", from: "INSUFFICIENT_DATA", to, at: 1 } as const;
    const recommendation = fromNotification(change);
    assertEquals(recommendation.direction, expected);
    if (recommendation.direction === "none") return;
    assertEquals(recommendation.alarm, change);
    assertEquals(recommendation.instance, kind === "cpulow" ? "x" : undefined);
  });
}

/** What the alarms policy recommends at a reconcile: the direction, and the dimension of the alarm. */
function reconcile(more: Partial<Observation>): readonly [string, string?] {
  const observation = { ...OBSERVATION, ...more };
  const recommendation = alarmsPolicy(RECONCILE, observation, indexFleet(observation));
  return recommendation.direction === "none"
    ? ["none"]
    : [recommendation.direction, recommendation.alarm.dimension];
}

Deno.test("R2: alarmsPolicy() takes a state that lasts for a repeated notification", () => {
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

Deno.test("R2: alarmsPolicy() has no opinion where no alarm's state asks for a change", () => {
  assertEquals(reconcile({}), ["none"]);
});

Deno.test("R4: alarmsPolicy() recommends more before it recommends less", () => {
  const alarms = [
    alarm("cpulow", "n1", "OK", { changed: NOW - 5 * MINUTE }),
    alarm("reqcount", "kas", "ALARM", { changed: NOW }),
  ];
  assertEquals(reconcile({ alarms }), ["out", "kas"]);
});

Deno.test("alarmsPolicy() takes the state that has lasted longest", () => {
  const alarms = [
    alarm("cpuhigh", "n1", "ALARM", { changed: NOW }),
    alarm("cpuhigh", "n2", "ALARM", { changed: NOW - MINUTE }),
  ];
  assertEquals(reconcile({ alarms }), ["out", "n2"]);
});

Deno.test("R5: alarmsPolicy() passes over an instance that boots", () => {
  const alarms = [
    alarm("cpulow", "n1", "OK", { changed: NOW - MINUTE }),
    alarm("cpulow", "n2", "OK", { changed: NOW }),
  ];
  assertEquals(reconcile({ alarms, history: { inServiceSince: { n1: NOW - MINUTE } } }), ["in", "n2"]);
});

Deno.test("R8: alarmsPolicy() prefers the alarm of an instance that kas may stop to the base's", () => {
  const alarms = [
    alarm("cpulow", "base", "OK", { changed: NOW - MINUTE }),
    alarm("cpulow", "n2", "OK", { changed: NOW }),
  ];
  assertEquals(reconcile({ alarms }), ["in", "n2"]);
});

Deno.test("R11: alarmsPolicy() passes over other fleets' alarms and those of instances that are gone", () => {
  const alarms = [alarm("cpuhigh", "n1", "ALARM", { fleet: "web" }), alarm("cpuhigh", "i-9", "ALARM")];
  assertEquals(reconcile({ alarms }), ["none"]);
});
