/**
 * Which instance is started or stopped.
 *
 * @module
 */
import type { Instance } from "../../../src/scaling/model/instance.ts";
import { checks, history, inProgress, limits, operator } from "./cases.ts";
import { BASE, HOUR, IN, IN_ANY, instance, MINUTE, NOW, OUT, stopped, withInstances } from "./fixtures.ts";

checks("R7", [
  {
    name: "takes a draining node back before it starts a stopped one",
    trigger: OUT,
    observation: withInstances(instance("n2", { zone: "b", registration: "draining" })),
    expected: { start: "n2", by: "register", then: ["n4", "n3"] },
  },
  {
    name: "takes a node back whose stop has just begun, whatever ELB still says",
    trigger: OUT,
    observation: inProgress(["stop", "n2"]),
    expected: { start: "n2", by: "register" },
  },
  {
    name: "takes no node back that is drained already: it is waited for",
    trigger: OUT,
    observation: {
      ...withInstances(instance("n2", { zone: "b", registration: "none" })),
      ...inProgress(["stop", "n2"]),
    },
    expected: { start: "n4", by: "start", then: ["n3", "n2"] },
  },
  {
    name: "starts in the zone with fewest in service first",
    trigger: OUT,
    observation: withInstances(stopped("n3", { stoppedAt: NOW - 2 * HOUR })),
    expected: { start: "n4", by: "start", then: ["n3"] },
    numbers: [1],
  },
  {
    name: "counts what is on the way in when it balances the zones",
    trigger: OUT,
    observation: {
      ...withInstances(stopped("n5", { zone: "b" }), stopped("n6", { zone: "b" })),
      ...inProgress(["start", "n5"], ["start", "n6"]),
    },
    expected: { start: "n3", then: ["n4"] },
  },
  {
    name: "starts the one that is stopped longest within a zone",
    trigger: OUT,
    observation: withInstances(stopped("n5", { zone: "b", stoppedAt: NOW - 2 * HOUR })),
    expected: { start: "n5", then: ["n4", "n3"] },
    numbers: [7200],
  },
  {
    name: "takes one stopped at an unknown time last within a zone",
    trigger: OUT,
    observation: { instances: [BASE, stopped("n1", { stoppedAt: NOW }), withoutStoppedAt("n0")] },
    expected: { start: "n1", then: ["n0"] },
  },
  {
    name: "starts by id where nothing else tells them apart",
    trigger: OUT,
    observation: withInstances(stopped("n40", { zone: "b" }), stopped("n10", { zone: "b" })),
    expected: { start: "n10", then: ["n4", "n40", "n3"] },
  },
  {
    name: "waits for a stopping one where none is stopped",
    trigger: OUT,
    observation: withInstances(stopped("n3", { state: "stopping" }), instance("n4")),
    expected: { start: "n3", by: "start", then: [] },
  },
  {
    name: "starts a stopped one though its stop is not over in the journal",
    trigger: OUT,
    observation: inProgress(["stop", "n4"]),
    expected: { start: "n4", by: "start" },
  },
  {
    name: "starts nothing that is being started already",
    trigger: OUT,
    observation: inProgress(["start", "n4"]),
    expected: { start: "n3", then: [] },
  },
  {
    name: "takes the later of two activities of an instance for the one that counts",
    trigger: OUT,
    observation: inProgress(["stop", "n2"], ["start", "n2"]),
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "leaves quarantined nodes out, and says how many",
    trigger: OUT,
    observation: withInstances(
      stopped("n3", { quarantine: "no capacity" }),
      stopped("n4", { quarantine: "no capacity" }),
    ),
    expected: { none: "no-standby" },
    numbers: [4, 2],
  },
  {
    name: "leaves an Auto Scaling group's instances out",
    trigger: OUT,
    observation: withInstances(stopped("n4", { zone: "b", autoScalingGroup: "web" })),
    expected: { start: "n3", then: [] },
  },
  {
    name: "starts no base or control instance",
    trigger: operator("out"),
    observation: { instances: [BASE, stopped("c1", { role: "control" }), stopped("b1", { role: "base" })] },
    expected: { none: "no-standby" },
  },
  {
    name: "starts the one that a person names",
    trigger: operator("out", "n3"),
    expected: { start: "n3", then: [] },
  },
  {
    name: "starts no other than the one that a person names",
    trigger: operator("out", "n1"),
    expected: { none: "no-standby" },
  },
]);

checks("R8", [
  {
    name: "stops the one the alarm names",
    trigger: IN,
    expected: { stop: "n1" },
  },
  {
    name: "stops another where the alarm names a base",
    trigger: { ...IN, alarm: { ...IN.alarm, dimension: "base" } },
    expected: { stop: "n1" },
  },
  {
    name: "stops the named one though it is not healthy",
    trigger: IN,
    observation: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { stop: "n1" },
  },
  {
    name: "stops the in-service node of the zone with most",
    trigger: IN_ANY,
    observation: withInstances(instance("n2", { zone: "b", launched: NOW - 10 * MINUTE })),
    expected: { stop: "n1" },
    numbers: [2],
  },
  {
    name: "stops the latest started within a zone",
    trigger: IN_ANY,
    observation: withInstances(instance("n9", { launched: NOW - 30 * MINUTE })),
    expected: { stop: "n9" },
  },
  {
    name: "stops by id where nothing else tells them apart",
    trigger: IN_ANY,
    observation: withInstances(instance("n0")),
    expected: { stop: "n0" },
  },
  {
    name: "stops none that is not in service, unless it is named",
    trigger: IN_ANY,
    observation: withInstances(instance("n1", { registration: "out-of-service" }), stopped("n2")),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops nothing that is being stopped already",
    trigger: IN,
    observation: inProgress(["stop", "n1"]),
    expected: { stop: "n2" },
  },
  {
    name: "stops nothing that is being started",
    trigger: operator("in", "n1"),
    observation: inProgress(["start", "n1"]),
    expected: { none: "no-candidate" },
  },
  {
    name: "leaves quarantined instances and an Auto Scaling group's alone",
    trigger: IN,
    observation: withInstances(
      instance("n1", { quarantine: "odd" }),
      instance("n2", { autoScalingGroup: "web" }),
    ),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops no other than the one that a person names",
    trigger: operator("in", "n3"),
    expected: { none: "no-candidate" },
  },
]);

function withoutStoppedAt(id: string): Instance {
  const { stoppedAt: _, ...rest } = stopped(id);
  return rest;
}

/** Nobody is left to start: n3 is gone, n4 is in quarantine. */
const NONE_LEFT = {
  instances: [BASE, instance("n1"), instance("n2", { zone: "b" }), stopped("n4", { quarantine: "it broke" })],
};

checks("R7", [
  {
    name: "launches where no node is left to start",
    trigger: OUT,
    observation: { ...NONE_LEFT, ...limits({ grow: "kas-node:3", max: 5 }) },
    expected: { launch: "kas-node:3" },
    numbers: [3, 1],
  },
  {
    name: "launches nothing without --grow",
    trigger: OUT,
    observation: { ...NONE_LEFT, ...limits({ max: 5 }) },
    expected: { none: "no-standby" },
  },
  ...[
    ["a stopped node is left", stopped("n3"), { start: "n3" }],
    ["a stopping node can be waited for", stopped("n3", { state: "stopping" }), { start: "n3" }],
    ["a draining node can be taken back", instance("n3", { registration: "draining" }), { start: "n3" }],
  ].map(([what, node, expected]) => ({
    name: `launches nothing where ${what}`,
    trigger: OUT,
    observation: {
      ...{ instances: [...NONE_LEFT.instances, node as Instance] },
      ...limits({ grow: "kas-node", max: 9 }),
    },
    expected: expected as { start: string },
  })),
  {
    name: "launches for nobody who names an instance",
    trigger: operator("out", "n4"),
    observation: { ...NONE_LEFT, ...limits({ grow: "kas-node", max: 5 }) },
    expected: { none: "no-standby" },
  },
  {
    name: "launches nothing right after a launch that failed",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 30_000, last: NOW - 30_000 } }),
    },
    expected: { none: "no-standby" },
    numbers: [30, 60],
  },
  {
    name: "launches again once the pause is over",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 60_000, last: NOW - 60_000 } }),
    },
    expected: { launch: "kas-node" },
  },
  {
    name: "waits as long as launches have been failing already",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 10 * MINUTE, last: NOW - 4 * MINUTE } }),
    },
    expected: { none: "no-standby" },
    numbers: [360],
  },
  {
    name: "waits a quarter of an hour at most",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - HOUR, last: NOW - 15 * MINUTE } }),
    },
    expected: { launch: "kas-node" },
  },
]);

checks("R10", [
  {
    name: "has a node terminated where --shrink says so",
    trigger: IN,
    observation: limits({ shrink: "terminate" }),
    expected: { terminate: "n1" },
  },
  {
    name: "terminates no base",
    trigger: operator("in", "base"),
    observation: limits({ shrink: "terminate" }),
    expected: { none: "no-candidate" },
  },
  {
    name: "takes a node back that was to be terminated and still serves",
    trigger: OUT,
    observation: inProgress(["terminate", "n2"]),
    expected: { start: "n2", by: "register" },
  },
  {
    name: "waits for no node that is being terminated",
    trigger: OUT,
    observation: {
      ...withInstances(instance("n2", { zone: "b", registration: "none" })),
      ...inProgress(["terminate", "n2"]),
    },
    expected: { start: "n4", then: ["n3"] },
  },
]);
