import { checks, operator } from "../cases.ts";
import { alarm, instance, NOW, OUT, withInstances } from "../fixtures.ts";

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
