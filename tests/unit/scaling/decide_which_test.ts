/**
 * Which instance is started or stopped.
 *
 * @module
 */
import type { Instance } from "../../../src/scaling/model/instance.ts";
import { history, inProgress, limits, manual, rule } from "./cases.ts";
import { BASE, HOUR, IN, IN_ANY, instance, MINUTE, NOW, OUT, stopped, withInstances } from "./fixtures.ts";

rule("R7", [
  {
    name: "takes a draining node back before it starts a stopped one",
    signal: OUT,
    facts: withInstances(instance("n2", { zone: "b", registration: "draining" })),
    expected: { start: "n2", by: "register", then: ["n4", "n3"] },
    says: "still draining",
  },
  {
    name: "takes a node back whose stop has just begun, whatever ELB still says",
    signal: OUT,
    facts: inProgress(["stop", "n2"]),
    expected: { start: "n2", by: "register" },
  },
  {
    name: "takes no node back that is drained already: it is waited for",
    signal: OUT,
    facts: {
      ...withInstances(instance("n2", { zone: "b", registration: "none" })),
      ...inProgress(["stop", "n2"]),
    },
    expected: { start: "n4", by: "start", then: ["n3", "n2"] },
  },
  {
    name: "starts in the zone with fewest in service first",
    signal: OUT,
    facts: withInstances(stopped("n3", { stoppedAt: NOW - 2 * HOUR })),
    expected: { start: "n4", by: "start", then: ["n3"] },
    says: "b has 1 in service",
  },
  {
    name: "counts what is on the way in when it balances the zones",
    signal: OUT,
    facts: {
      ...withInstances(stopped("n5", { zone: "b" }), stopped("n6", { zone: "b" })),
      ...inProgress(["start", "n5"], ["start", "n6"]),
    },
    expected: { start: "n3", then: ["n4"] },
  },
  {
    name: "starts the one that is stopped longest within a zone",
    signal: OUT,
    facts: withInstances(stopped("n5", { zone: "b", stoppedAt: NOW - 2 * HOUR })),
    expected: { start: "n5", then: ["n4", "n3"] },
    says: "stopped for 7200 s",
  },
  {
    name: "takes one stopped at an unknown time last within a zone",
    signal: OUT,
    facts: { instances: [BASE, stopped("n1", { stoppedAt: NOW }), withoutStoppedAt("n0")] },
    expected: { start: "n1", then: ["n0"] },
  },
  {
    name: "starts by id where nothing else tells them apart",
    signal: OUT,
    facts: withInstances(stopped("n40", { zone: "b" }), stopped("n10", { zone: "b" })),
    expected: { start: "n10", then: ["n4", "n40", "n3"] },
  },
  {
    name: "waits for a stopping one where none is stopped",
    signal: OUT,
    facts: withInstances(stopped("n3", { state: "stopping" }), instance("n4")),
    expected: { start: "n3", by: "start", then: [] },
    says: "waited for",
  },
  {
    name: "starts a stopped one though its stop is not over in the journal",
    signal: OUT,
    facts: inProgress(["stop", "n4"]),
    expected: { start: "n4", by: "start" },
  },
  {
    name: "starts nothing that is being started already",
    signal: OUT,
    facts: inProgress(["start", "n4"]),
    expected: { start: "n3", then: [] },
  },
  {
    name: "takes the later of two activities of an instance for the one that counts",
    signal: OUT,
    facts: inProgress(["stop", "n2"], ["start", "n2"]),
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "leaves quarantined nodes out, and says how many",
    signal: OUT,
    facts: withInstances(
      stopped("n3", { quarantine: "no capacity" }),
      stopped("n4", { quarantine: "no capacity" }),
    ),
    expected: { none: "R7" },
    says: "none of the 4 nodes is left to start (2 in quarantine)",
  },
  {
    name: "leaves an Auto Scaling group's instances out",
    signal: OUT,
    facts: withInstances(stopped("n4", { zone: "b", autoScalingGroup: "web" })),
    expected: { start: "n3", then: [] },
  },
  {
    name: "starts no base or control instance",
    signal: manual("out"),
    facts: { instances: [BASE, stopped("c1", { role: "control" }), stopped("b1", { role: "base" })] },
    expected: { none: "R7" },
  },
  {
    name: "starts the one that a person names",
    signal: manual("out", "n3"),
    expected: { start: "n3", then: [] },
    says: "n3 is the one named",
  },
  {
    name: "starts no other than the one that a person names",
    signal: manual("out", "n1"),
    expected: { none: "R7" },
    says: "n1 can't be started: it is running (in-service)",
  },
]);

rule("R8", [
  {
    name: "stops the one the alarm names",
    signal: IN,
    expected: { stop: "n1" },
    says: "n1 is the one named",
  },
  {
    name: "stops another where the alarm names a base",
    signal: { ...IN, instance: "base" },
    expected: { stop: "n1" },
  },
  {
    name: "stops the named one though it is not healthy",
    signal: IN,
    facts: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { stop: "n1" },
  },
  {
    name: "stops the in-service node of the zone with most",
    signal: IN_ANY,
    facts: withInstances(instance("n2", { zone: "b", launched: NOW - 10 * MINUTE })),
    expected: { stop: "n1" },
    says: "a has 2 in service",
  },
  {
    name: "stops the latest started within a zone",
    signal: IN_ANY,
    facts: withInstances(instance("n9", { launched: NOW - 30 * MINUTE })),
    expected: { stop: "n9" },
  },
  {
    name: "stops by id where nothing else tells them apart",
    signal: IN_ANY,
    facts: withInstances(instance("n0")),
    expected: { stop: "n0" },
  },
  {
    name: "stops none that is not in service, unless it is named",
    signal: IN_ANY,
    facts: withInstances(instance("n1", { registration: "out-of-service" }), stopped("n2")),
    expected: { none: "R8" },
    says: "no node in service may be stopped",
  },
  {
    name: "stops nothing that is being stopped already",
    signal: IN,
    facts: inProgress(["stop", "n1"]),
    expected: { stop: "n2" },
  },
  {
    name: "stops nothing that is being started",
    signal: manual("in", "n1"),
    facts: inProgress(["start", "n1"]),
    expected: { none: "R8" },
    says: "n1 may not be stopped: it is being started",
  },
  {
    name: "leaves quarantined instances and an Auto Scaling group's alone",
    signal: IN,
    facts: withInstances(
      instance("n1", { quarantine: "odd" }),
      instance("n2", { autoScalingGroup: "web" }),
    ),
    expected: { none: "R8" },
  },
  {
    name: "stops no other than the one that a person names",
    signal: manual("in", "n3"),
    expected: { none: "R8" },
    says: "n3 may not be stopped: it is stopped",
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

rule("R7", [
  {
    name: "launches where no node is left to start",
    signal: OUT,
    facts: { ...NONE_LEFT, ...limits({ grow: "kas-node:3", max: 5 }) },
    expected: { launch: "kas-node:3" },
    says: "none of the 3 nodes is left to start (1 in quarantine), and one is launched from kas-node:3",
  },
  {
    name: "launches nothing without --grow",
    signal: OUT,
    facts: { ...NONE_LEFT, ...limits({ max: 5 }) },
    expected: { none: "R7" },
  },
  ...[
    ["a stopped node is left", stopped("n3"), { start: "n3" }],
    ["a stopping node can be waited for", stopped("n3", { state: "stopping" }), { start: "n3" }],
    ["a draining node can be taken back", instance("n3", { registration: "draining" }), { start: "n3" }],
  ].map(([what, node, expected]) => ({
    name: `launches nothing where ${what}`,
    signal: OUT,
    facts: {
      ...{ instances: [...NONE_LEFT.instances, node as Instance] },
      ...limits({ grow: "kas-node", max: 9 }),
    },
    expected: expected as { start: string },
  })),
  {
    name: "launches for nobody who names an instance",
    signal: manual("out", "n4"),
    facts: { ...NONE_LEFT, ...limits({ grow: "kas-node", max: 5 }) },
    expected: { none: "R7" },
    says: "n4 can't be started: it is in quarantine: it broke",
  },
  {
    name: "launches nothing right after a launch that failed",
    signal: OUT,
    facts: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 30_000, last: NOW - 30_000 } }),
    },
    expected: { none: "R7" },
    says: "the last launch failed 30 s ago: the next is tried after 60 s",
  },
  {
    name: "launches again once the pause is over",
    signal: OUT,
    facts: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 60_000, last: NOW - 60_000 } }),
    },
    expected: { launch: "kas-node" },
  },
  {
    name: "waits as long as launches have been failing already",
    signal: OUT,
    facts: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 10 * MINUTE, last: NOW - 4 * MINUTE } }),
    },
    expected: { none: "R7" },
    says: "the next is tried after 360 s",
  },
  {
    name: "waits a quarter of an hour at most",
    signal: OUT,
    facts: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - HOUR, last: NOW - 15 * MINUTE } }),
    },
    expected: { launch: "kas-node" },
  },
]);

rule("R10", [
  {
    name: "has a node terminated where --shrink says so",
    signal: IN,
    facts: limits({ shrink: "terminate" }),
    expected: { terminate: "n1" },
  },
  {
    name: "terminates no base",
    signal: manual("in", "base"),
    facts: limits({ shrink: "terminate" }),
    expected: { none: "R8" },
  },
  {
    name: "takes a node back that was to be terminated and still serves",
    signal: OUT,
    facts: inProgress(["terminate", "n2"]),
    expected: { start: "n2", by: "register" },
  },
  {
    name: "waits for no node that is being terminated",
    signal: OUT,
    facts: {
      ...withInstances(instance("n2", { zone: "b", registration: "none" })),
      ...inProgress(["terminate", "n2"]),
    },
    expected: { start: "n4", then: ["n3"] },
  },
]);
