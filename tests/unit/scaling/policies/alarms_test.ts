import { assertEquals } from "@std/assert";
import { reconcileRecommendation } from "../../../../src/scaling/policies/alarms.ts";
import { alarm, FACTS, MINUTE, NOW } from "../fixtures.ts";

Deno.test("R2: resyncSignal() takes a state that persists for a repeated notification", () => {
  assertEquals(
    reconcileRecommendation({
      ...FACTS,
      alarms: [alarm("cpuhigh", "n1", "ALARM", { changed: NOW - MINUTE })],
    }),
    {
      kind: "out",
      source: "resync",
      alarm: { fleet: "kas", kind: "cpuhigh", dimension: "n1", from: "ALARM", to: "ALARM", at: NOW - MINUTE },
    },
  );
});

Deno.test("R2: resyncSignal() asks for nothing where no alarm's state does", () => {
  assertEquals(reconcileRecommendation(FACTS), {
    kind: "none",
    source: "resync",
    why: "none of 3 alarms asks for a step",
  });
});

Deno.test("R4: resyncSignal() asks for more before it asks for less", () => {
  const alarms = [
    alarm("cpulow", "n1", "OK", { changed: NOW - 5 * MINUTE }),
    alarm("reqcount", "kas", "ALARM", { changed: NOW }),
  ];
  assertEquals(reconcileRecommendation({ ...FACTS, alarms }).kind, "out");
});

Deno.test("resyncSignal() takes the state that has lasted longest", () => {
  const alarms = [
    alarm("cpuhigh", "n1", "ALARM", { changed: NOW }),
    alarm("cpuhigh", "n2", "ALARM", { changed: NOW - MINUTE }),
  ];
  assertEquals(reconcileRecommendation({ ...FACTS, alarms }).alarm?.dimension, "n2");
});

Deno.test("R5: resyncSignal() passes a machine that boots over", () => {
  const facts = {
    ...FACTS,
    alarms: [
      alarm("cpulow", "n1", "OK", { changed: NOW - MINUTE }),
      alarm("cpulow", "n2", "OK", { changed: NOW }),
    ],
    history: { inServiceSince: { n1: NOW - MINUTE } },
  };
  assertEquals(reconcileRecommendation(facts).alarm?.dimension, "n2");
});

Deno.test("R8: resyncSignal() lets an instance that may be stopped speak before a base", () => {
  const alarms = [
    alarm("cpulow", "base", "OK", { changed: NOW - MINUTE }),
    alarm("cpulow", "n2", "OK", { changed: NOW }),
  ];
  assertEquals(reconcileRecommendation({ ...FACTS, alarms }).alarm?.dimension, "n2");
});

Deno.test("R11: resyncSignal() passes over other fleets' alarms and those of instances that are gone", () => {
  const alarms = [alarm("cpuhigh", "n1", "ALARM", { fleet: "web" }), alarm("cpuhigh", "i-9", "ALARM")];
  assertEquals(reconcileRecommendation({ ...FACTS, alarms }).kind, "none");
});
