/**
 * Whether a step is taken at all: what is asked, of whom, and when.
 *
 * @module
 */
import { history, limits, manual, rule } from "./cases.ts";
import { alarm, HOUR, IN, instance, MINUTE, NOW, OUT, withInstances } from "./fixtures.ts";

rule("Signals", [
  {
    name: "does nothing where nothing is asked, and passes the why on",
    signal: { kind: "none", source: "notification", why: "cpuhigh of n1 in OK asks for nothing" },
    expected: { none: "" },
    says: "cpuhigh of n1 in OK",
  },
]);

rule("R2", [
  {
    name: "holds a resync's repeat for one resync after a step, even without a cooldown",
    signal: { ...OUT, source: "resync" },
    facts: history({ lastOut: NOW - 59_000 }),
    expected: { none: "R2" },
    says: "59 s ago, and a repeat waits for one resync of 60 s",
  },
  {
    name: "lets a resync's repeat pass one resync after the step",
    signal: { ...OUT, source: "resync" },
    facts: history({ lastOut: NOW - 60_000 }),
    expected: { start: "n4" },
    says: "still in ALARM",
  },
  {
    name: "keeps a cooldown longer than the resync for a repeat too",
    signal: { ...IN, source: "resync" },
    facts: { ...limits({ cooldownIn: 5 * MINUTE }), ...history({ lastIn: NOW - 2 * MINUTE }) },
    expected: { none: "R5" },
  },
  {
    name: "does not hold a notification for a resync",
    signal: OUT,
    facts: history({ lastOut: NOW - 1_000 }),
    expected: { start: "n4" },
  },
]);

rule("R4", [
  {
    name: "stops nothing while a cpuhigh alarm is in ALARM",
    signal: IN,
    facts: { alarms: [alarm("cpuhigh", "n2", "ALARM")] },
    expected: { none: "R4" },
    says: "cpuhigh of n2",
  },
  {
    name: "stops nothing while a reqcount alarm is in ALARM, not even for a person",
    signal: manual("in"),
    facts: { alarms: [alarm("reqcount", "kas", "ALARM")] },
    expected: { none: "R4" },
  },
  {
    name: "heeds no cpulow alarm in ALARM",
    signal: IN,
    facts: { alarms: [alarm("cpulow", "n2", "ALARM")] },
    expected: { stop: "n1" },
  },
  {
    name: "heeds no alarm of another fleet",
    signal: IN,
    facts: { alarms: [alarm("cpuhigh", "n2", "ALARM", { fleet: "web" })] },
    expected: { stop: "n1" },
  },
  {
    name: "heeds no alarm that an instance left behind when it was terminated",
    signal: IN,
    facts: { alarms: [alarm("cpuhigh", "gone", "ALARM")] },
    expected: { stop: "n1" },
  },
]);

rule("R5", [
  {
    name: "stops no instance younger in service than the warm-up",
    signal: manual("in", "n1"),
    facts: history({ inServiceSince: { n1: NOW - 119_000 } }),
    expected: { none: "R5" },
    says: "n1: younger in service than the warm-up of 120 s",
  },
  {
    name: "stops an instance as old in service as the warm-up",
    signal: IN,
    facts: history({ inServiceSince: { n1: NOW - 120_000 } }),
    expected: { stop: "n1" },
  },
  {
    name: "takes the launch where it is not known since when an instance is in service",
    signal: manual("in", "n1"),
    facts: withInstances(instance("n1", { launched: NOW - 119_000 })),
    expected: { none: "R5" },
  },
  {
    name: "takes no time in service of an earlier life for this one's",
    signal: manual("in", "n1"),
    facts: {
      ...withInstances(instance("n1", { launched: NOW - 60_000 })),
      ...history({ inServiceSince: { n1: NOW - HOUR } }),
    },
    expected: { none: "R5" },
  },
  {
    name: "stops another node where the named one is too young",
    signal: IN,
    facts: history({ inServiceSince: { n1: NOW - 1_000 } }),
    expected: { stop: "n2" },
  },
  {
    name: "takes cpulow's way from INSUFFICIENT_DATA to OK for a boot while the instance is young",
    signal: {
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
    facts: history({ inServiceSince: { n1: NOW - MINUTE } }),
    expected: { none: "R5" },
    says: "booting, not idle",
  },
  {
    name: "takes that way for a boot before the instance is in service at all",
    signal: {
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
    facts: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { none: "R5" },
  },
  {
    name: "takes that way for an idle fleet once the instance is warm",
    signal: {
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
    name: "takes a young instance's cpulow at a resync for a boot",
    signal: { ...IN, source: "resync" },
    facts: history({ inServiceSince: { n1: NOW - MINUTE } }),
    expected: { none: "R5" },
  },
  {
    name: "holds a scale-in for the cooldown after a scale-in",
    signal: IN,
    facts: history({ lastIn: NOW - 59_000 }),
    expected: { none: "R5" },
    says: "59 s ago, and cooldown-in is 60 s",
  },
  {
    name: "holds a scale-in for the cooldown after a scale-out",
    signal: IN,
    facts: history({ lastOut: NOW - 59_000 }),
    expected: { none: "R5" },
  },
  {
    name: "lets a scale-in pass after the cooldown",
    signal: IN,
    facts: history({ lastIn: NOW - 60_000 }),
    expected: { stop: "n1" },
  },
  {
    name: "holds a scale-out for its own cooldown",
    signal: OUT,
    facts: { ...limits({ cooldownOut: 30_000 }), ...history({ lastOut: NOW - 29_000 }) },
    expected: { none: "R5" },
  },
  {
    name: "never holds a scale-out by the cooldown of a scale-in",
    signal: OUT,
    facts: history({ lastIn: NOW }),
    expected: { start: "n4" },
  },
  {
    name: "holds nothing for ever after the clock was set back",
    signal: IN,
    facts: history({ lastIn: NOW + HOUR, lastOut: NOW + HOUR, inServiceSince: { n1: NOW + HOUR } }),
    expected: { stop: "n1" },
  },
]);

rule("R11", [
  {
    name: "does nothing for another fleet's alarm",
    signal: {
      ...OUT,
      alarm: { fleet: "web", kind: "reqcount", dimension: "kas", from: "OK", to: "ALARM", at: NOW },
    },
    expected: { none: "R11" },
    says: "of fleet web",
  },
  {
    name: "does nothing for the alarm of an instance that is not in the fleet",
    signal: {
      ...OUT,
      alarm: { fleet: "kas", kind: "cpuhigh", dimension: "i-9", from: "OK", to: "ALARM", at: NOW },
    },
    expected: { none: "R11" },
    says: "i-9 is not in the fleet",
  },
  {
    name: "does nothing for the alarm of an instance that is terminated",
    signal: OUT,
    facts: withInstances(instance("n1", { state: "terminated" })),
    expected: { none: "R11" },
  },
  {
    name: "does nothing where a person names an instance that is not in the fleet",
    signal: manual("in", "i-9"),
    expected: { none: "R11" },
  },
  {
    name: "does nothing for a notification that a newer state of its alarm has overtaken",
    signal: OUT,
    facts: { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW + 1_000 })] },
    expected: { none: "R11" },
    says: "1 s after it the alarm went into OK",
  },
  {
    name: "follows a notification that is newer than the alarm's state as read",
    signal: OUT,
    facts: { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW - 1_000 })] },
    expected: { start: "n4" },
  },
]);
