import { checks, history, operator } from "../cases.ts";
import { alarm, HOUR, IN, instance, MINUTE, NOW, RECONCILE, withInstances } from "../fixtures.ts";

/** n1's CPU has been low for a while. */
const LOW = { alarms: [alarm("cpulow", "n1", "OK")] };

/** n1's cpulow alarm has its first data, as after a boot. */
const BOOTED = { ...IN, alarm: { ...IN.alarm, from: "INSUFFICIENT_DATA" } } as const;

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
    name: "does nothing for cpulow changing from INSUFFICIENT_DATA to OK within the warm-up",
    trigger: BOOTED,
    observation: history({ inServiceSince: { n1: NOW - MINUTE } }),
    expected: { none: "warm-up" },
    numbers: [120],
  },
  {
    name: "does nothing for cpulow changing from INSUFFICIENT_DATA to OK before the instance is in service",
    trigger: BOOTED,
    observation: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { none: "warm-up" },
  },
  {
    name: "scales in for cpulow changing from INSUFFICIENT_DATA to OK after the warm-up",
    trigger: BOOTED,
    expected: { stop: "n1" },
  },
  {
    name: "does nothing at a reconcile for the cpulow alarm of an instance within its warm-up",
    trigger: RECONCILE,
    observation: { ...LOW, ...history({ inServiceSince: { n1: NOW - MINUTE } }) },
    expected: { none: "" },
  },
]);
