import { checks, cpu, history, inProgress, limits, operator } from "../cases.ts";
import { alarm, HOUR, IN, instance, MINUTE, NOW, stopped } from "../fixtures.ts";

checks("R6", [
  {
    name: "stops nothing if the remaining instances would reach the threshold",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50, n2: 50 }),
    expected: { none: "projected-load" },
    numbers: [160, 2, 80],
  },
  {
    name: "stops a node if the remaining instances stay just below the limit, 5 % below the threshold",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50, n2: 41.8 }),
    expected: { stop: "n1" },
    numbers: [75.9, 76],
  },
  {
    name: "stops no node if the remaining instances would be between the limit and the threshold",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50, n2: 42 }),
    expected: { none: "projected-load" },
    numbers: [76],
  },
  {
    name: "uses the lowest threshold of the remaining instances",
    trigger: IN,
    observation: {
      alarms: [
        alarm("cpuhigh", "n1", "OK", { threshold: 10 }),
        alarm("cpuhigh", "n2", "OK", { threshold: 20 }),
        alarm("cpuhigh", "base", "OK", { threshold: 80 }),
      ],
    },
    expected: { none: "projected-load" },
    numbers: [20],
  },
  {
    name: "uses the fleet's lowest threshold if the remaining instances have no alarm",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "n1", "OK", { threshold: 15 })] },
    expected: { none: "projected-load" },
    numbers: [14.3, 15],
  },
  {
    name: "stops a node if no instance has a datapoint",
    trigger: IN,
    observation: { cpu: {} },
    expected: { stop: "n1" },
  },
  {
    name: "stops a node if the fleet has no cpuhigh alarm",
    trigger: IN,
    observation: { alarms: [] },
    expected: { stop: "n1" },
  },
  {
    name: "counts an instance without a datapoint as the busiest one",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50 }),
    expected: { none: "projected-load" },
    numbers: [170, 2, 85, 1],
  },
  {
    name: "counts a datapoint that is not a number as missing",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50, n2: NaN }),
    expected: { none: "projected-load" },
    numbers: [1],
  },
  {
    name: "counts the load of a leaving instance, but not the instance",
    trigger: IN,
    observation: { ...cpu({ base: 30, n1: 30, n2: 30 }), ...inProgress(["stop", "n2"]) },
    expected: { none: "projected-load" },
    numbers: [90, 1],
  },
  {
    name: "never stops the last instance in service, whatever min is",
    trigger: IN,
    observation: { instances: [instance("n1"), stopped("n2")], cpu: {}, ...limits({ min: 0 }) },
    expected: { none: "projected-load" },
  },
  {
    name: "stops nothing while a datapoint is from before an instance came into service",
    trigger: IN,
    observation: {
      ...history({ inServiceSince: { n2: NOW - 5 * MINUTE } }),
      cpu: { ...cpu({ n1: 10, n2: 10 }).cpu, base: { percent: 20, at: NOW - 6 * MINUTE } },
    },
    expected: { none: "projected-load" },
    numbers: [300],
  },
  {
    name: "stops nothing while a datapoint is from before the last scale-in",
    trigger: IN,
    observation: {
      ...history({ lastIn: NOW - 2 * MINUTE, inServiceSince: {} }),
      cpu: { ...cpu({ n1: 10, n2: 10 }).cpu, base: { percent: 20, at: NOW - 3 * MINUTE } },
    },
    expected: { none: "projected-load" },
    numbers: [120],
  },
  {
    name: "stops nothing while a datapoint is from before an instance left service by itself",
    trigger: IN,
    observation: {
      ...history({ capacityChanged: NOW - 2 * MINUTE }),
      cpu: { ...cpu({ n1: 10, n2: 10 }).cpu, base: { percent: 20, at: NOW - 3 * MINUTE } },
    },
    expected: { none: "projected-load" },
  },
  {
    name: "stops a node when every datapoint began after the last change of capacity",
    trigger: IN,
    observation: {
      ...history({ capacityChanged: NOW - 5 * MINUTE, lastIn: NOW - 5 * MINUTE }),
      cpu: Object.fromEntries(
        ["base", "n1", "n2"].map((id) => [id, { percent: 20, at: NOW - 5 * MINUTE }]),
      ),
    },
    expected: { stop: "n1" },
  },
  {
    name: "stops nothing without any datapoint within warm-up and metric delay of a change of capacity",
    trigger: IN,
    observation: {
      ...limits({ metricDelay: 3 * MINUTE }),
      ...history({ capacityChanged: NOW - 5 * MINUTE + 1 }),
      cpu: {},
    },
    expected: { none: "projected-load" },
  },
  {
    name: "stops a node without any datapoint when warm-up and metric delay have passed since the change",
    trigger: IN,
    observation: {
      ...limits({ metricDelay: 3 * MINUTE }),
      ...history({ capacityChanged: NOW - 5 * MINUTE }),
      cpu: {},
    },
    expected: { stop: "n1" },
  },
  {
    name: "ignores a change of capacity far in the future, after somebody set the clock back",
    trigger: IN,
    observation: history({ capacityChanged: NOW + HOUR }),
    expected: { stop: "n1" },
  },
  {
    name: "holds an operator back too",
    trigger: operator("in"),
    observation: cpu({ base: 60, n1: 50, n2: 50 }),
    expected: { none: "projected-load" },
  },
]);
