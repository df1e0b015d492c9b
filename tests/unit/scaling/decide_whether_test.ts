/**
 * Whether a step is taken at all: what is asked, of whom, and when.
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
    name: "keeps a cooldown longer than the resync at a reconcile too",
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
    name: "stops nothing while a reqcount alarm is in ALARM, not even for a person",
    trigger: operator("in"),
    observation: { alarms: [alarm("reqcount", "kas", "ALARM")] },
    expected: { none: "out-beats-in" },
  },
  {
    name: "heeds no cpulow alarm in ALARM",
    trigger: IN,
    observation: { alarms: [alarm("cpulow", "n2", "ALARM")] },
    expected: { stop: "n1" },
  },
  {
    name: "heeds no alarm of another fleet",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "n2", "ALARM", { fleet: "web" })] },
    expected: { stop: "n1" },
  },
  {
    name: "heeds no alarm that an instance left behind when it was terminated",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "gone", "ALARM")] },
    expected: { stop: "n1" },
  },
]);

checks("R5", [
  {
    name: "stops no instance younger in service than the warm-up",
    trigger: operator("in", "n1"),
    observation: history({ inServiceSince: { n1: NOW - 119_000 } }),
    expected: { none: "warm-up" },
    numbers: [120],
  },
  {
    name: "stops an instance as old in service as the warm-up",
    trigger: IN,
    observation: history({ inServiceSince: { n1: NOW - 120_000 } }),
    expected: { stop: "n1" },
  },
  {
    name: "takes the launch where it is not known since when an instance is in service",
    trigger: operator("in", "n1"),
    observation: withInstances(instance("n1", { launched: NOW - 119_000 })),
    expected: { none: "warm-up" },
  },
  {
    name: "takes no time in service of an earlier life for this one's",
    trigger: operator("in", "n1"),
    observation: {
      ...withInstances(instance("n1", { launched: NOW - 60_000 })),
      ...history({ inServiceSince: { n1: NOW - HOUR } }),
    },
    expected: { none: "warm-up" },
  },
  {
    name: "stops another node where the named one is too young",
    trigger: IN,
    observation: history({ inServiceSince: { n1: NOW - 1_000 } }),
    expected: { stop: "n2" },
  },
  {
    name: "takes cpulow's way from INSUFFICIENT_DATA to OK for a boot while the instance is young",
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
    name: "takes that way for a boot before the instance is in service at all",
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
    name: "takes that way for an idle fleet once the instance is warm",
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
    name: "takes a young instance's cpulow at a reconcile for a boot",
    trigger: RECONCILE,
    observation: { ...LOW, ...history({ inServiceSince: { n1: NOW - MINUTE } }) },
    expected: { none: "" },
  },
  {
    name: "holds a scale-in for the cooldown after a scale-in",
    trigger: IN,
    observation: history({ lastIn: NOW - 59_000 }),
    expected: { none: "cooldown" },
    numbers: [59, 60],
  },
  {
    name: "holds a scale-in for the cooldown after a scale-out",
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
    name: "holds a scale-out for its own cooldown",
    trigger: OUT,
    observation: { ...limits({ cooldownOut: 30_000 }), ...history({ lastOut: NOW - 29_000 }) },
    expected: { none: "cooldown" },
  },
  {
    name: "never holds a scale-out by the cooldown of a scale-in",
    trigger: OUT,
    observation: history({ lastIn: NOW }),
    expected: { start: "n4" },
  },
  {
    name: "holds nothing for ever after the clock was set back",
    trigger: IN,
    observation: history({ lastIn: NOW + HOUR, lastOut: NOW + HOUR, inServiceSince: { n1: NOW + HOUR } }),
    expected: { stop: "n1" },
  },
]);

checks("R11", [
  {
    name: "does nothing where a newer change of the alarm was processed",
    trigger: OUT,
    observation: { processed: { at: NOW + 1, by: "notification" } },
    expected: { none: "not-newest" },
  },
  {
    name: "does nothing where a reconcile acted on this change",
    trigger: OUT,
    observation: { processed: { at: NOW, by: "reconcile" } },
    expected: { none: "not-newest" },
  },
  {
    name: "takes the second of two changes of one moment for the newer one",
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
    name: "does nothing where a person names an instance that is not in the fleet",
    trigger: operator("in", "i-9"),
    expected: { none: "not-newest" },
  },
  {
    name: "does nothing for a notification that a newer state of its alarm has overtaken",
    trigger: OUT,
    observation: { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW + 1_000 })] },
    expected: { none: "not-newest" },
    numbers: [1],
  },
  {
    name: "follows a notification that is newer than the alarm's state as read",
    trigger: OUT,
    observation: { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW - 1_000 })] },
    expected: { start: "n4" },
  },
]);
