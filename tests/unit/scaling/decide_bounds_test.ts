/**
 * How far scaling goes: the bounds, and the load that those that remain can bear.
 *
 * @module
 */
import { cpu, inProgress, limits, manual, rule } from "./cases.ts";
import { alarm, BASE, IN, instance, OUT, stopped, withInstances } from "./fixtures.ts";

rule("R3", [
  {
    name: "starts below max",
    signal: OUT,
    facts: limits({ max: 4 }),
    expected: { start: "n4" },
    says: "3 in service and 0 on the way, max 4",
  },
  {
    name: "starts nothing at max",
    signal: OUT,
    facts: limits({ max: 3 }),
    expected: { none: "R3" },
    says: "3 in service and 0 on the way, max 3",
  },
  {
    name: "counts a start under way toward max, whatever EC2 still says",
    signal: OUT,
    facts: { ...limits({ max: 4 }), ...inProgress(["start", "n4"]) },
    expected: { none: "R3" },
    says: "3 in service and 1 on the way",
  },
  {
    name: "counts a pending instance toward max",
    signal: OUT,
    facts: { ...limits({ max: 4 }), ...withInstances(stopped("n4", { state: "pending" })) },
    expected: { none: "R3" },
  },
  {
    name: "counts a registered instance that is not healthy yet toward max",
    signal: OUT,
    facts: { ...limits({ max: 4 }), ...withInstances(instance("n4", { registration: "out-of-service" })) },
    expected: { none: "R3" },
  },
  {
    name: "counts a running instance that is not registered toward max only while its start is under way",
    signal: OUT,
    facts: { ...limits({ max: 4 }), ...withInstances(instance("n4", { registration: "none" })) },
    expected: { start: "n3" },
  },
  {
    name: "counts a running instance that is being started and not registered yet",
    signal: OUT,
    facts: {
      ...limits({ max: 4 }),
      ...withInstances(instance("n4", { registration: "none" })),
      ...inProgress(["start", "n4"]),
    },
    expected: { none: "R3" },
  },
  {
    name: "counts a stop under way as gone from max",
    signal: OUT,
    facts: { ...limits({ max: 3 }), ...inProgress(["stop", "n1"]) },
    expected: { start: "n1", by: "register" },
  },
  {
    name: "counts what EC2 terminates for nothing, though its start is under way",
    signal: OUT,
    facts: {
      ...limits({ max: 3 }),
      ...inProgress(["start", "n2"]),
      ...withInstances(instance("n2", { state: "shutting-down" })),
    },
    expected: { start: "n4" },
    says: "2 in service",
  },
  {
    name: "goes up to the whole fleet by default",
    signal: OUT,
    expected: { start: "n4" },
    says: "max 5 (the whole fleet)",
  },
  {
    name: "stops down to min",
    signal: IN,
    facts: limits({ min: 2 }),
    expected: { stop: "n1" },
    says: "2 would stay in service, min 2",
  },
  {
    name: "stops nothing at min",
    signal: IN,
    facts: limits({ min: 3 }),
    expected: { none: "R3" },
    says: "2 would stay in service, min 3",
  },
  {
    name: "counts a stop under way as gone from min",
    signal: IN,
    facts: { ...limits({ min: 2 }), ...inProgress(["stop", "n2"]) },
    expected: { none: "R3" },
    says: "1 would stay in service",
  },
  {
    name: "does not count on a start under way for min: it may fail",
    signal: IN,
    facts: { ...limits({ min: 3 }), ...inProgress(["start", "n3"]) },
    expected: { none: "R3" },
  },
  {
    name: "keeps as many as there are base and control instances by default, though a base is out of service",
    signal: IN,
    facts: { ...cpu({}), ...withInstances({ ...BASE, registration: "out-of-service" }, stopped("n2")) },
    expected: { none: "R3" },
    says: "0 would stay in service, min 1",
  },
  {
    name: "counts a registered control instance for the default of min",
    signal: IN,
    facts: withInstances(
      instance("ctl", { role: "control", registration: "out-of-service" }),
      stopped("n2"),
    ),
    expected: { none: "R3" },
    says: "1 would stay in service, min 2",
  },
  {
    name: "leaves a control instance that serves no requests out of the default of min",
    signal: IN,
    facts: withInstances(instance("ctl", { role: "control", registration: "none" }), stopped("n2")),
    expected: { stop: "n1" },
    says: "1 would stay in service, min 1",
  },
  {
    name: "never stops a base or control instance, not even for a person",
    signal: manual("in", "base"),
    expected: { none: "R8" },
    says: "a base instance is always on",
  },
]);

rule("R6", [
  {
    name: "stops nothing where those that remain would reach the threshold",
    signal: IN,
    facts: cpu({ base: 60, n1: 50, n2: 50 }),
    expected: { none: "R6" },
    says: "160 % of CPU over 2 remaining makes 80 % each, cpuhigh is 80 %",
  },
  {
    name: "stops where those that remain stay just below the threshold",
    signal: IN,
    facts: cpu({ base: 60, n1: 50, n2: 49.8 }),
    expected: { stop: "n1" },
    says: "79.9 % each",
  },
  {
    name: "takes the lowest threshold of those that remain",
    signal: IN,
    facts: {
      alarms: [
        alarm("cpuhigh", "n1", "OK", { threshold: 10 }),
        alarm("cpuhigh", "n2", "OK", { threshold: 20 }),
        alarm("cpuhigh", "base", "OK", { threshold: 80 }),
      ],
    },
    expected: { none: "R6" },
    says: "cpuhigh is 20 %",
  },
  {
    name: "takes the fleet's lowest threshold where those that remain have no alarm",
    signal: IN,
    facts: { alarms: [alarm("cpuhigh", "n1", "OK", { threshold: 15 })] },
    expected: { none: "R6" },
    says: "cpuhigh is 15 %",
  },
  {
    name: "is silent without datapoints, and says so",
    signal: IN,
    facts: { cpu: {} },
    expected: { stop: "n1" },
    says: "no CPU datapoint, so R6 is silent",
  },
  {
    name: "is silent without a threshold, and says so",
    signal: IN,
    facts: { alarms: [] },
    expected: { stop: "n1" },
    says: "no cpuhigh threshold, so R6 is silent",
  },
  {
    name: "takes an instance without a datapoint for as busy as the busiest",
    signal: IN,
    facts: cpu({ base: 60, n1: 50 }),
    expected: { none: "R6" },
    says:
      "170 % of CPU over 2 remaining makes 85 % each (1 without a datapoint taken for as busy as the busiest)",
  },
  {
    name: "never takes NaN for an idle instance",
    signal: IN,
    facts: cpu({ base: 60, n1: 50, n2: NaN }),
    expected: { none: "R6" },
    says: "(1 without a datapoint",
  },
  {
    name: "counts the load of an instance on its way out, not its shoulders",
    signal: IN,
    facts: { ...cpu({ base: 30, n1: 30, n2: 30 }), ...inProgress(["stop", "n2"]) },
    expected: { none: "R6" },
    says: "90 % of CPU over 1 remaining",
  },
  {
    name: "never stops the last one in service, whatever min allows",
    signal: IN,
    facts: { instances: [instance("n1"), stopped("n2")], cpu: {}, ...limits({ min: 0 }) },
    expected: { none: "R6" },
    says: "none would remain in service",
  },
  {
    name: "binds a person too",
    signal: manual("in"),
    facts: cpu({ base: 60, n1: 50, n2: 50 }),
    expected: { none: "R6" },
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

rule("R3", [
  {
    name: "counts all of the fleet before it launches, stopped and failed ones too",
    signal: OUT,
    facts: { ...FULL, ...limits({ grow: "kas-node", max: 5 }) },
    expected: { none: "R3" },
    says: "3 in service and 0 on the way, 5 in the fleet with those that are off, max 5",
  },
  {
    name: "launches up to max",
    signal: OUT,
    facts: { ...FULL, ...limits({ grow: "kas-node", max: 6 }) },
    expected: { launch: "kas-node" },
  },
  {
    name: "counts a launch that EC2 has not answered yet",
    signal: OUT,
    facts: { ...FULL, ...limits({ grow: "kas-node", max: 6 }), ...inProgress(["launch"]) },
    expected: { none: "R3" },
    says: "6 in the fleet",
  },
  {
    name: "counts a launched instance that EC2 does not show yet",
    signal: OUT,
    facts: { ...FULL, ...limits({ grow: "kas-node", max: 6 }), ...inProgress(["launch", "n9"]) },
    expected: { none: "R3" },
  },
  {
    name: "counts a launched instance once",
    signal: OUT,
    facts: {
      instances: [...FULL.instances, instance("n9", { state: "pending", registration: "none" })],
      ...limits({ grow: "kas-node", max: 7 }),
      ...inProgress(["launch", "n9"]),
    },
    expected: { launch: "kas-node" },
    says: "3 in service and 1 on the way, 6 in the fleet",
  },
  {
    name: "counts an unanswered launch before it starts a node, too",
    signal: OUT,
    facts: { ...limits({ grow: "kas-node", max: 4 }), ...inProgress(["launch"]) },
    expected: { none: "R3" },
    says: "3 in service and 1 on the way, max 4",
  },
  {
    name: "launches nothing above the whole fleet, which is max where none is set",
    signal: OUT,
    facts: { ...FULL, ...limits({ grow: "kas-node" }) },
    expected: { none: "R3" },
  },
  {
    name: "does not count what is terminated or about to be",
    signal: OUT,
    facts: {
      instances: [...FULL.instances, stopped("n5", { state: "shutting-down" })],
      ...limits({ grow: "kas-node", max: 6 }),
    },
    expected: { launch: "kas-node" },
  },
]);
