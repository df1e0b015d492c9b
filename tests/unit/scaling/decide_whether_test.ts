/**
 * Triggers, and the checks that look at alarms and times (R2, R4, R5, R11).
 *
 * @module
 */
import { checks, history, limits, operator } from "./cases.ts";
import { alarm, HOUR, IN, instance, MINUTE, NOW, OUT, RECONCILE, withInstances } from "./fixtures.ts";

checks("Triggers", [
  {
    name: "does nothing where no policy recommends a change",
    trigger: {
      kind: "notification",
      alarm: { fleet: "kas", kind: "cpuhigh", dimension: "n1", from: "ALARM", to: "OK", at: NOW },
    },
    expected: { none: "" },
  },
  {
    name: "does nothing for a message that is not an alarm",
    trigger: { kind: "notification" },
    expected: { none: "" },
  },
]);

/** n1's CPU has been high, or low, for a while. */
const HIGH = { alarms: [alarm("cpuhigh", "n1", "ALARM")] };
const LOW = { alarms: [alarm("cpulow", "n1", "OK")] };

checks("R2", [
  {
    name: "holds a reconcile back for one resync after the last scaling, even without a cooldown",
    trigger: RECONCILE,
    observation: { ...HIGH, ...history({ lastOut: NOW - 59_000 }) },
    expected: { none: "cooldown" },
    numbers: [59, 60],
  },
  {
    name: "lets a reconcile pass one resync after the last scaling",
    trigger: RECONCILE,
    observation: { ...HIGH, ...history({ lastOut: NOW - 60_000 }) },
    expected: { start: "n4" },
  },
  {
    name: "keeps a cooldown longer than the resync interval at a reconcile too",
    trigger: RECONCILE,
    observation: { ...LOW, ...limits({ cooldownIn: 5 * MINUTE }), ...history({ lastIn: NOW - 2 * MINUTE }) },
    expected: { none: "cooldown" },
    numbers: [120, 300],
  },
  {
    name: "does not hold a notification back for a resync",
    trigger: OUT,
    observation: history({ lastOut: NOW - 1_000 }),
    expected: { start: "n4" },
  },
]);

checks("R4", [
  {
    name: "stops nothing while a cpuhigh alarm is in ALARM",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "n2", "ALARM")] },
    expected: { none: "out-beats-in" },
  },
  {
    name: "stops nothing while a reqcount alarm is in ALARM, even for an operator",
    trigger: operator("in"),
    observation: { alarms: [alarm("reqcount", "kas", "ALARM")] },
    expected: { none: "out-beats-in" },
  },
  {
    name: "ignores cpulow alarms in ALARM",
    trigger: IN,
    observation: { alarms: [alarm("cpulow", "n2", "ALARM")] },
    expected: { stop: "n1" },
  },
  {
    name: "ignores alarms of another fleet",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "n2", "ALARM", { fleet: "web" })] },
    expected: { stop: "n1" },
  },
  {
    name: "ignores the alarm of an instance that is gone",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "gone", "ALARM")] },
    expected: { stop: "n1" },
  },
]);

checks("R5", [
  {
    name: "stops no instance within its warm-up",
    trigger: operator("in", "n1"),
    observation: history({ inServiceSince: { n1: NOW - 119_000 } }),
    expected: { none: "warm-up" },
    numbers: [120],
  },
  {
    name: "stops an instance at the end of its warm-up",
    trigger: IN,
    observation: history({ inServiceSince: { n1: NOW - 120_000 } }),
    expected: { stop: "n1" },
  },
  {
    name: "counts the warm-up from the launch if the time in service is not known",
    trigger: operator("in", "n1"),
    observation: withInstances(instance("n1", { launched: NOW - 119_000 })),
    expected: { none: "warm-up" },
  },
  {
    name: "counts the warm-up from the launch if the time in service is older than that",
    trigger: operator("in", "n1"),
    observation: {
      ...withInstances(instance("n1", { launched: NOW - 60_000 })),
      ...history({ inServiceSince: { n1: NOW - HOUR } }),
    },
    expected: { none: "warm-up" },
  },
  {
    name: "stops another node if the alarm's instance is within its warm-up",
    trigger: IN,
    observation: history({ inServiceSince: { n1: NOW - 1_000 } }),
    expected: { stop: "n2" },
  },
  {
    name:
      "does nothing for cpulow changing from INSUFFICIENT_DATA to OK within the warm-up: the instance boots",
    trigger: {
      ...IN,
      alarm: {
        fleet: "kas",
        kind: "cpulow",
        dimension: "n1",
        from: "INSUFFICIENT_DATA",
        to: "OK",
        at: NOW,
      },
    },
    observation: history({ inServiceSince: { n1: NOW - MINUTE } }),
    expected: { none: "warm-up" },
  },
  {
    name: "does nothing for cpulow changing from INSUFFICIENT_DATA to OK before the instance is in service",
    trigger: {
      ...IN,
      alarm: {
        fleet: "kas",
        kind: "cpulow",
        dimension: "n1",
        from: "INSUFFICIENT_DATA",
        to: "OK",
        at: NOW,
      },
    },
    observation: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { none: "warm-up" },
  },
  {
    name: "scales in for cpulow changing from INSUFFICIENT_DATA to OK after the warm-up",
    trigger: {
      ...IN,
      alarm: {
        fleet: "kas",
        kind: "cpulow",
        dimension: "n1",
        from: "INSUFFICIENT_DATA",
        to: "OK",
        at: NOW,
      },
    },
    expected: { stop: "n1" },
  },
  {
    name: "does nothing at a reconcile for the cpulow alarm of an instance within its warm-up",
    trigger: RECONCILE,
    observation: { ...LOW, ...history({ inServiceSince: { n1: NOW - MINUTE } }) },
    expected: { none: "" },
  },
  {
    name: "holds a scale-in back for the cooldown after a scale-in",
    trigger: IN,
    observation: history({ lastIn: NOW - 59_000 }),
    expected: { none: "cooldown" },
    numbers: [59, 60],
  },
  {
    name: "holds a scale-in back for the cooldown after a scale-out",
    trigger: IN,
    observation: history({ lastOut: NOW - 59_000 }),
    expected: { none: "cooldown" },
  },
  {
    name: "lets a scale-in pass after the cooldown",
    trigger: IN,
    observation: history({ lastIn: NOW - 60_000 }),
    expected: { stop: "n1" },
  },
  {
    name: "holds a scale-out back for its own cooldown",
    trigger: OUT,
    observation: { ...limits({ cooldownOut: 30_000 }), ...history({ lastOut: NOW - 29_000 }) },
    expected: { none: "cooldown" },
  },
  {
    name: "never holds a scale-out back for the cooldown of scaling in",
    trigger: OUT,
    observation: history({ lastIn: NOW }),
    expected: { start: "n4" },
  },
  {
    name: "holds nothing back for ever after the clock was set back",
    trigger: IN,
    observation: history({ lastIn: NOW + HOUR, lastOut: NOW + HOUR, inServiceSince: { n1: NOW + HOUR } }),
    expected: { stop: "n1" },
  },
]);

checks("R11", [
  {
    name: "does nothing if a newer change of the alarm was processed",
    trigger: OUT,
    observation: { processed: { at: NOW + 1, by: "notification" } },
    expected: { none: "not-newest" },
  },
  {
    name: "does nothing if a reconcile acted on this change",
    trigger: OUT,
    observation: { processed: { at: NOW, by: "reconcile" } },
    expected: { none: "not-newest" },
  },
  {
    name: "acts on a second change of the same moment",
    trigger: OUT,
    observation: { processed: { at: NOW, by: "notification" } },
    expected: { start: "n4" },
  },
  {
    name: "does nothing for another fleet's alarm",
    trigger: {
      ...OUT,
      alarm: { fleet: "web", kind: "reqcount", dimension: "kas", from: "OK", to: "ALARM", at: NOW },
    },
    expected: { none: "not-newest" },
  },
  {
    name: "does nothing for the alarm of an instance that is not in the fleet",
    trigger: {
      ...OUT,
      alarm: { fleet: "kas", kind: "cpuhigh", dimension: "i-9", from: "OK", to: "ALARM", at: NOW },
    },
    expected: { none: "not-newest" },
  },
  {
    name: "does nothing for the alarm of an instance that is terminated",
    trigger: OUT,
    observation: withInstances(instance("n1", { state: "terminated" })),
    expected: { none: "not-newest" },
  },
  {
    name: "does nothing if an operator names an instance that is not in the fleet",
    trigger: operator("in", "i-9"),
    expected: { none: "not-newest" },
  },
  {
    name: "does nothing for a notification if the alarm has changed since",
    trigger: OUT,
    observation: { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW + 1_000 })] },
    expected: { none: "not-newest" },
    numbers: [1],
  },
  {
    name: "acts on a notification that is newer than the alarm's state in CloudWatch",
    trigger: OUT,
    observation: { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW - 1_000 })] },
    expected: { start: "n4" },
  },
]);
