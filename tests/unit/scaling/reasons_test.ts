/**
 * The wording of reasons: one example of each kind, word for word. No other test of the rules depends on the wording.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decide } from "../../../src/scaling/decide.ts";
import type { Observation, Unobserved } from "../../../src/scaling/model/observation.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import { cpu, history, limits, operator } from "./cases.ts";
import { alarm, BASE, IN, instance, NOW, OBSERVATION, OUT, RECONCILE, stopped } from "./fixtures.ts";

/** The last standby node is in quarantine. */
const NONE_LEFT = { instances: [BASE, instance("n1"), stopped("n4", { quarantine: "it broke" })] };

const REASONS: readonly [Trigger, Partial<Observation> | Unobserved, string][] = [
  [
    OUT,
    {},
    "CPU alarm cpuhigh on n1 changed from OK to ALARM. " +
    "Capacity is 3 in service and 0 joining; max is 5 (the whole fleet). " +
    "Starting n4 of 2 stopped nodes: b has the fewest instances (1); stopped 3600 s ago.",
  ],
  [
    IN,
    {},
    "CPU alarm cpulow on n1 changed from ALARM to OK. 2 instances would stay in service; min is 1. " +
    "Projected CPU is 20 % on each of the 2 remaining instances, 40 % in total; the limit is 76 %, 5 % below the cpuhigh threshold of 80 %. " +
    "Stopping n1: its own alarm reports low CPU.",
  ],
  [
    OUT,
    { ...NONE_LEFT, ...limits({ grow: "kas-node:3", max: 4 }) },
    "CPU alarm cpuhigh on n1 changed from OK to ALARM. " +
    "Capacity is 2 in service and 0 joining; a launch counts the whole fleet of 3; max is 4. " +
    "No standby node is left: the fleet has 2 nodes, 1 in quarantine. Launching a node from launch template kas-node:3.",
  ],
  [
    RECONCILE,
    { alarms: [alarm("cpuhigh", "n1", "ALARM")], ...history({ lastOut: NOW - 30_000 }) },
    "CPU alarm cpuhigh on n1 is still in ALARM. The last scaling was 30 s ago. " +
    "A reconcile waits 60 s (resync) after it, for another 30 s.",
  ],
  [
    IN,
    history({ lastOut: NOW - 59_970 }),
    "CPU alarm cpulow on n1 changed from ALARM to OK. The last scaling was 59.9 s ago. The cooldown-in of 60 s ends in 0.1 s.",
  ],
  [
    IN,
    { alarms: [alarm("cpuhigh", "n2", "ALARM"), alarm("reqcount", "kas", "ALARM")] },
    "CPU alarm cpulow on n1 changed from ALARM to OK. " +
    "cpuhigh on n2 and 1 more are in ALARM: scaling out has priority.",
  ],
  [
    IN,
    cpu({ base: 60, n1: 50 }),
    "CPU alarm cpulow on n1 changed from ALARM to OK. Projected CPU is 85 % on each of the 2 remaining instances, " +
    "170 % in total (1 without a datapoint counted as the busiest); the limit is 76 %, 5 % below the cpuhigh threshold of 80 %.",
  ],
  [
    operator("in", "n1"),
    history({ inServiceSince: { n1: NOW - 60_000 } }),
    "An operator asked to stop n1. n1 has been in service for less than the warm-up of 120 s.",
  ],
  [
    operator("out", "n1"),
    {},
    "An operator asked to start n1. n1 cannot start: it is running (in-service).",
  ],
  [
    OUT,
    { alarms: [alarm("cpuhigh", "n1", "OK", { changed: NOW + 1_000 })] },
    "CPU alarm cpuhigh on n1 changed from OK to ALARM. " +
    "The notification is out of date: the alarm changed to OK 1 s after it.",
  ],
  [RECONCILE, {}, "No action: none of 3 alarms asks for a change."],
  [
    { kind: "notification", alarm: { ...OUT.alarm, to: "OK" } },
    { kind: "unobserved", now: NOW },
    "No action: cpuhigh on n1 returned to OK.",
  ],
  [
    RECONCILE,
    { kind: "unobserved", now: NOW, why: "cannot observe the fleet: EC2 is away" },
    "No action: cannot observe the fleet: EC2 is away.",
  ],
];

for (const [trigger, observation, reason] of REASONS) {
  Deno.test(`the reason of a decision has this text: ${reason}`, () => {
    const whole = "kind" in observation ? observation : { ...OBSERVATION, ...observation };
    assertEquals(decide(trigger, whole).reason, reason);
  });
}
