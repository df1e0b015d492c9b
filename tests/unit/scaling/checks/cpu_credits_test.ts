import { checks, cpu } from "../cases.ts";
import { BASE, IN, instance, OBSERVATION } from "../fixtures.ts";

/** Three instances with a CPU of 10 %, which is the baseline of their type. */
const THROTTLED = {
  instances: [
    { ...BASE, type: "t2.micro" },
    instance("n1", { type: "t2.micro" }),
    instance("n2", { type: "t2.micro", zone: "b" }),
    ...OBSERVATION.instances.slice(3),
  ],
  ...cpu({ base: 10, n1: 10, n2: 9 }),
};
const EMPTY = { base: 0, n1: 0, n2: 2 };

checks("R6", [
  {
    name: "stops nothing if instances at their baseline have no CPU credits",
    trigger: IN,
    observation: { ...THROTTLED, credits: EMPTY },
    expected: { none: "cpu-credits" },
    numbers: [10, 2],
  },
  {
    name: "stops nothing if one instance at its baseline has no CPU credits",
    trigger: IN,
    observation: { ...THROTTLED, credits: { ...EMPTY, n1: 100, n2: 100 } },
    expected: { none: "cpu-credits" },
  },
  {
    name: "stops a node if the instances at their baseline have CPU credits",
    trigger: IN,
    observation: { ...THROTTLED, credits: { base: 100, n1: 100, n2: 100 } },
    expected: { stop: "n1" },
  },
  {
    name: "stops a node if the CPU is far from the baseline: the credits do not limit it",
    trigger: IN,
    observation: { ...THROTTLED, ...cpu({ base: 3, n1: 2, n2: 30 }), credits: EMPTY },
    expected: { stop: "n1" },
  },
  {
    name: "stops a node of another type, whatever its CPU is",
    trigger: IN,
    observation: {
      ...THROTTLED,
      instances: THROTTLED.instances.map((it) => ({ ...it, type: "m5.large" })),
      credits: EMPTY,
    },
    expected: { stop: "n1" },
  },
  {
    name: "stops a node if the credits of the instances are not known",
    trigger: IN,
    observation: { ...THROTTLED, credits: {} },
    expected: { stop: "n1" },
  },
]);
