import { checks, history, limits, operator } from "../cases.ts";
import { alarm, HOUR, IN, MINUTE, NOW, OUT, RECONCILE } from "../fixtures.ts";

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

checks("R5", [
  {
    name: "does not hold an operator's command back for a cooldown",
    trigger: operator("in", "n1"),
    observation: { ...limits({ cooldownIn: 5 * MINUTE }), ...history({ lastIn: NOW - 30_000 }) },
    expected: { stop: "n1" },
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
    name: "does not hold an action back for longer after somebody set the clock back",
    trigger: IN,
    observation: history({ lastIn: NOW + HOUR, lastOut: NOW + HOUR, inServiceSince: { n1: NOW + HOUR } }),
    expected: { stop: "n1" },
  },
]);
