/**
 * How far scaling goes: the bounds, and the load that those that remain can bear.
 *
 * @module
 */
import { checks, cpu, inProgress, limits, operator } from "./cases.ts";
import { alarm, BASE, IN, instance, OUT, stopped, withInstances } from "./fixtures.ts";

checks("R3", [
  {
    name: "starts below max",
    trigger: OUT,
    observation: limits({ max: 4 }),
    expected: { start: "n4" },
    numbers: [3, 0, 4],
  },
  {
    name: "starts nothing at max",
    trigger: OUT,
    observation: limits({ max: 3 }),
    expected: { none: "max-capacity" },
    numbers: [3, 0],
  },
  {
    name: "counts a start under way toward max, whatever EC2 still says",
    trigger: OUT,
    observation: { ...limits({ max: 4 }), ...inProgress(["start", "n4"]) },
    expected: { none: "max-capacity" },
    numbers: [3, 1],
  },
  {
    name: "counts a pending instance toward max",
    trigger: OUT,
    observation: { ...limits({ max: 4 }), ...withInstances(stopped("n4", { state: "pending" })) },
    expected: { none: "max-capacity" },
  },
  {
    name: "counts a registered instance that is not healthy yet toward max",
    trigger: OUT,
    observation: {
      ...limits({ max: 4 }),
      ...withInstances(instance("n4", { registration: "out-of-service" })),
    },
    expected: { none: "max-capacity" },
  },
  {
    name: "counts a running instance that is not registered toward max only while its start is under way",
    trigger: OUT,
    observation: { ...limits({ max: 4 }), ...withInstances(instance("n4", { registration: "none" })) },
    expected: { start: "n3" },
  },
  {
    name: "counts a running instance that is being started and not registered yet",
    trigger: OUT,
    observation: {
      ...limits({ max: 4 }),
      ...withInstances(instance("n4", { registration: "none" })),
      ...inProgress(["start", "n4"]),
    },
    expected: { none: "max-capacity" },
  },
  {
    name: "counts a stop under way as gone from max",
    trigger: OUT,
    observation: { ...limits({ max: 3 }), ...inProgress(["stop", "n1"]) },
    expected: { start: "n1", by: "register" },
  },
  {
    name: "counts what EC2 terminates for nothing, though its start is under way",
    trigger: OUT,
    observation: {
      ...limits({ max: 3 }),
      ...inProgress(["start", "n2"]),
      ...withInstances(instance("n2", { state: "shutting-down" })),
    },
    expected: { start: "n4" },
    numbers: [2],
  },
  {
    name: "goes up to the whole fleet by default",
    trigger: OUT,
    expected: { start: "n4" },
    numbers: [5],
  },
  {
    name: "stops down to min",
    trigger: IN,
    observation: limits({ min: 2 }),
    expected: { stop: "n1" },
    numbers: [2],
  },
  {
    name: "stops nothing at min",
    trigger: IN,
    observation: limits({ min: 3 }),
    expected: { none: "min-capacity" },
    numbers: [2, 3],
  },
  {
    name: "counts a stop under way as gone from min",
    trigger: IN,
    observation: { ...limits({ min: 2 }), ...inProgress(["stop", "n2"]) },
    expected: { none: "min-capacity" },
    numbers: [1],
  },
  {
    name: "does not count on a start under way for min: it may fail",
    trigger: IN,
    observation: { ...limits({ min: 3 }), ...inProgress(["start", "n3"]) },
    expected: { none: "min-capacity" },
  },
  {
    name: "keeps as many as there are base and control instances by default, though a base is out of service",
    trigger: IN,
    observation: { ...cpu({}), ...withInstances({ ...BASE, registration: "out-of-service" }, stopped("n2")) },
    expected: { none: "min-capacity" },
    numbers: [0, 1],
  },
  {
    name: "counts a registered control instance for the default of min",
    trigger: IN,
    observation: withInstances(
      instance("ctl", { role: "control", registration: "out-of-service" }),
      stopped("n2"),
    ),
    expected: { none: "min-capacity" },
    numbers: [1, 2],
  },
  {
    name: "leaves a control instance that serves no requests out of the default of min",
    trigger: IN,
    observation: withInstances(instance("ctl", { role: "control", registration: "none" }), stopped("n2")),
    expected: { stop: "n1" },
    numbers: [1],
  },
  {
    name: "never stops a base or control instance, not even for a person",
    trigger: operator("in", "base"),
    expected: { none: "no-candidate" },
  },
]);

checks("R6", [
  {
    name: "stops nothing where those that remain would reach the threshold",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50, n2: 50 }),
    expected: { none: "projected-load" },
    numbers: [160, 2, 80],
  },
  {
    name: "stops where those that remain stay just below the threshold",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50, n2: 49.8 }),
    expected: { stop: "n1" },
    numbers: [79.9],
  },
  {
    name: "takes the lowest threshold of those that remain",
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
    name: "takes the fleet's lowest threshold where those that remain have no alarm",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "n1", "OK", { threshold: 15 })] },
    expected: { none: "projected-load" },
    numbers: [15],
  },
  {
    name: "is silent without datapoints, and says so",
    trigger: IN,
    observation: { cpu: {} },
    expected: { stop: "n1" },
  },
  {
    name: "is silent without a threshold, and says so",
    trigger: IN,
    observation: { alarms: [] },
    expected: { stop: "n1" },
  },
  {
    name: "takes an instance without a datapoint for as busy as the busiest",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50 }),
    expected: { none: "projected-load" },
    numbers: [170, 2, 85, 1],
  },
  {
    name: "never takes NaN for an idle instance",
    trigger: IN,
    observation: cpu({ base: 60, n1: 50, n2: NaN }),
    expected: { none: "projected-load" },
    numbers: [1],
  },
  {
    name: "counts the load of an instance on its way out, not its shoulders",
    trigger: IN,
    observation: { ...cpu({ base: 30, n1: 30, n2: 30 }), ...inProgress(["stop", "n2"]) },
    expected: { none: "projected-load" },
    numbers: [90, 1],
  },
  {
    name: "never stops the last one in service, whatever min allows",
    trigger: IN,
    observation: { instances: [instance("n1"), stopped("n2")], cpu: {}, ...limits({ min: 0 }) },
    expected: { none: "projected-load" },
  },
  {
    name: "binds a person too",
    trigger: operator("in"),
    observation: cpu({ base: 60, n1: 50, n2: 50 }),
    expected: { none: "projected-load" },
  },
]);

/** Nobody is left to start: of five in the fleet three serve, one is in quarantine, one an Auto Scaling group's. */
const FULL = {
  instances: [
    BASE,
    instance("n1"),
    instance("n2", { zone: "b" }),
    stopped("n3", { quarantine: "it broke" }),
    stopped("n4", { autoScalingGroup: "theirs" }),
  ],
};

checks("R3", [
  {
    name: "counts all of the fleet before it launches, stopped and failed ones too",
    trigger: OUT,
    observation: { ...FULL, ...limits({ grow: "kas-node", max: 5 }) },
    expected: { none: "max-capacity" },
    numbers: [3, 0, 5],
  },
  {
    name: "launches up to max",
    trigger: OUT,
    observation: { ...FULL, ...limits({ grow: "kas-node", max: 6 }) },
    expected: { launch: "kas-node" },
  },
  {
    name: "counts a launch that EC2 has not answered yet",
    trigger: OUT,
    observation: { ...FULL, ...limits({ grow: "kas-node", max: 6 }), ...inProgress(["launch"]) },
    expected: { none: "max-capacity" },
    numbers: [6],
  },
  {
    name: "counts a launched instance that EC2 does not show yet",
    trigger: OUT,
    observation: { ...FULL, ...limits({ grow: "kas-node", max: 6 }), ...inProgress(["launch", "n9"]) },
    expected: { none: "max-capacity" },
  },
  {
    name: "counts a launched instance once",
    trigger: OUT,
    observation: {
      instances: [...FULL.instances, instance("n9", { state: "pending", registration: "none" })],
      ...limits({ grow: "kas-node", max: 7 }),
      ...inProgress(["launch", "n9"]),
    },
    expected: { launch: "kas-node" },
    numbers: [3, 1, 6],
  },
  {
    name: "counts an unanswered launch before it starts a node, too",
    trigger: OUT,
    observation: { ...limits({ grow: "kas-node", max: 4 }), ...inProgress(["launch"]) },
    expected: { none: "max-capacity" },
    numbers: [3, 1, 4],
  },
  {
    name: "launches nothing above the whole fleet, which is max where none is set",
    trigger: OUT,
    observation: { ...FULL, ...limits({ grow: "kas-node" }) },
    expected: { none: "max-capacity" },
  },
  {
    name: "does not count what is terminated or about to be",
    trigger: OUT,
    observation: {
      instances: [...FULL.instances, stopped("n5", { state: "shutting-down" })],
      ...limits({ grow: "kas-node", max: 6 }),
    },
    expected: { launch: "kas-node" },
  },
]);
