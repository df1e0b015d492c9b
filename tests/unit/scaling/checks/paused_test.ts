import { checks, limits, operator } from "../cases.ts";
import { alarm, IN, NOW, OUT, RECONCILE } from "../fixtures.ts";

const HIGH = { alarms: [alarm("cpuhigh", "n1", "ALARM")] };
const SINCE = { since: NOW - 3_600_000 };

checks("R20", [
  {
    name: "scales out in no way while scaling out is paused",
    trigger: OUT,
    observation: { paused: { out: SINCE } },
    expected: { none: "paused" },
  },
  {
    name: "scales in in no way while scaling in is paused",
    trigger: IN,
    observation: { paused: { in: SINCE } },
    expected: { none: "paused" },
  },
  {
    name: "holds a reconcile back while scaling out is paused",
    trigger: RECONCILE,
    observation: { ...HIGH, paused: { out: SINCE } },
    expected: { none: "paused" },
  },
  {
    name: "does not restore the minimum while scaling out is paused",
    trigger: RECONCILE,
    observation: { ...limits({ min: 4 }), paused: { out: SINCE } },
    expected: { none: "paused" },
  },
  {
    name: "holds an operator's command back while the direction is paused",
    trigger: operator("in", "n1"),
    observation: { paused: { in: { ...SINCE, reason: "load test" } } },
    expected: { none: "paused" },
  },
  {
    name: "scales out while only scaling in is paused",
    trigger: OUT,
    observation: { paused: { in: SINCE } },
    expected: { start: "n4" },
  },
  {
    name: "scales in while only scaling out is paused",
    trigger: IN,
    observation: { paused: { out: SINCE } },
    expected: { stop: "n1" },
  },
  {
    name: "holds the action back until the pause ends",
    trigger: OUT,
    observation: { paused: { out: { ...SINCE, until: NOW + 1 } } },
    expected: { none: "paused" },
  },
  {
    name: "scales out when the pause has ended",
    trigger: OUT,
    observation: { paused: { out: { ...SINCE, until: NOW } } },
    expected: { start: "n4" },
  },
]);
