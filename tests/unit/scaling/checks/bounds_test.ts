import { checks, cpu, inProgress, limits, operator } from "../cases.ts";
import { BASE, IN, instance, OUT, stopped, withInstances } from "../fixtures.ts";

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
    name: "counts a start in progress toward max, whatever EC2 answers",
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
    name: "does not count an instance toward max if it did not come into service in time",
    trigger: OUT,
    observation: {
      ...limits({ max: 4 }),
      ...withInstances(instance("n4", { registration: "out-of-service", overdue: true })),
    },
    expected: { start: "n3" },
  },
  {
    name: "does not count a quarantined pending instance toward max",
    trigger: OUT,
    observation: {
      ...limits({ max: 4 }),
      ...withInstances(stopped("n4", { state: "pending", quarantine: "it did not start" })),
    },
    expected: { start: "n3" },
  },
  {
    name: "counts a running instance that is not registered toward max only while its start is in progress",
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
    name: "does not count an instance toward max while its stop is in progress",
    trigger: OUT,
    observation: { ...limits({ max: 3 }), ...inProgress(["stop", "n2"]) },
    expected: { start: "n2", by: "register" },
  },
  {
    name: "does not count an instance that EC2 terminates toward max, even if its start is in progress",
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
    name: "uses the whole fleet as the default max",
    trigger: OUT,
    expected: { start: "n4" },
    numbers: [5],
  },
  {
    name: "stops a node above min",
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
    name: "does not count an instance toward min while its stop is in progress",
    trigger: IN,
    observation: { ...limits({ min: 2 }), ...inProgress(["stop", "n2"]) },
    expected: { none: "min-capacity" },
    numbers: [1],
  },
  {
    name: "does not count a start in progress toward min, as it may fail",
    trigger: IN,
    observation: { ...limits({ min: 3 }), ...inProgress(["start", "n3"]) },
    expected: { none: "min-capacity" },
  },
  {
    name:
      "uses the number of base and control instances as the default min, even if a base instance is out of service",
    trigger: IN,
    observation: { ...cpu({}), ...withInstances({ ...BASE, registration: "out-of-service" }, stopped("n2")) },
    expected: { none: "min-capacity" },
    numbers: [0, 1],
  },
  {
    name: "counts a registered control instance in the default min",
    trigger: IN,
    observation: withInstances(
      instance("ctl", { role: "control", registration: "out-of-service" }),
      stopped("n2"),
    ),
    expected: { none: "min-capacity" },
    numbers: [1, 2],
  },
  {
    name: "does not count a control instance that serves no requests in the default min",
    trigger: IN,
    observation: withInstances(instance("ctl", { role: "control", registration: "none" }), stopped("n2")),
    expected: { stop: "n1" },
    numbers: [1],
  },
  {
    name: "never stops a base instance, even for an operator",
    trigger: operator("in", "base"),
    expected: { none: "no-candidate" },
  },
]);

/**
 * A fleet without a standby node. Of its five instances three are in service, one is in quarantine, and one belongs to an
 * Auto Scaling group.
 */
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
    name: "counts the whole fleet before a launch, stopped and quarantined instances too",
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
    name: "counts a launch that EC2 has not answered yet before it starts a node",
    trigger: OUT,
    observation: { ...limits({ grow: "kas-node", max: 4 }), ...inProgress(["launch"]) },
    expected: { none: "max-capacity" },
    numbers: [3, 1, 4],
  },
  {
    name: "launches nothing without --max, as max is then the whole fleet",
    trigger: OUT,
    observation: { ...FULL, ...limits({ grow: "kas-node" }) },
    expected: { none: "max-capacity" },
  },
  {
    name: "does not count instances that EC2 terminates",
    trigger: OUT,
    observation: {
      instances: [...FULL.instances, stopped("n5", { state: "shutting-down" })],
      ...limits({ grow: "kas-node", max: 6 }),
    },
    expected: { launch: "kas-node" },
  },
]);
