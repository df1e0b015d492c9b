import { checks, history, inProgress, limits, operator } from "../cases.ts";
import {
  alarm,
  HOUR,
  IN,
  IN_ANY,
  instance,
  MINUTE,
  NOW,
  OUT,
  RECONCILE,
  withInstances,
} from "../fixtures.ts";

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
    name: "stops another node if one is within its warm-up",
    trigger: IN_ANY,
    observation: history({ inServiceSince: { n1: NOW - 1_000 } }),
    expected: { stop: "n2" },
  },
  {
    name: "does nothing for cpulow changing from INSUFFICIENT_DATA to OK within the warm-up",
    trigger: BOOTED,
    observation: history({ inServiceSince: { n1: NOW - MINUTE } }),
    expected: { none: "" },
    numbers: [120],
  },
  {
    name: "does nothing for cpulow changing from INSUFFICIENT_DATA to OK before the instance is in service",
    trigger: BOOTED,
    observation: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { none: "" },
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
  {
    name: "starts nothing for the cpuhigh alarm of an instance within warm-up and metric delay",
    trigger: OUT,
    observation: {
      ...limits({ metricDelay: 180_000 }),
      ...history({ inServiceSince: { n1: NOW - 299_000 } }),
    },
    expected: { none: "" },
    numbers: [120, 180],
  },
  {
    name: "starts a node for the cpuhigh alarm of an instance after warm-up and metric delay",
    trigger: OUT,
    observation: {
      ...limits({ metricDelay: 180_000 }),
      ...history({ inServiceSince: { n1: NOW - 300_000 } }),
    },
    expected: { start: "n4" },
  },
  {
    name: "starts nothing for the cpuhigh alarm of an instance that is being started",
    trigger: OUT,
    observation: {
      ...withInstances(instance("n1", { registration: "out-of-service" })),
      ...inProgress(["start", "n1"]),
    },
    expected: { none: "" },
  },
  {
    name:
      "starts a node for the cpuhigh alarm of an instance that fails its health check, as it may be overloaded",
    trigger: OUT,
    observation: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { start: "n4" },
  },
  {
    name: "stops a node even if the cpuhigh alarm of a booting instance is in ALARM",
    trigger: IN,
    observation: {
      ...withInstances(instance("n2", { zone: "b", launched: NOW - MINUTE })),
      alarms: [alarm("cpuhigh", "n2", "ALARM", { threshold: 80 })],
    },
    expected: { stop: "n1" },
  },
]);
