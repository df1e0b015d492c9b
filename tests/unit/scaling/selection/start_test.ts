import type { Instance } from "../../../../src/scaling/model/instance.ts";
import type { Fault, StartEvent } from "../../../../src/scaling/model/start_event.ts";
import { checks, history, inProgress, operator } from "../cases.ts";
import { BASE, HOUR, instance, MINUTE, NOW, OUT, stopped, withInstances } from "../fixtures.ts";

checks("R7", [
  {
    name: "registers a draining node again before it starts a stopped one",
    trigger: OUT,
    observation: withInstances(instance("n2", { zone: "b", registration: "draining" })),
    expected: { start: "n2", by: "register", then: ["n4", "n3"] },
  },
  {
    name: "registers a node again if its stop has just begun, whatever ELB answers",
    trigger: OUT,
    observation: inProgress(["stop", "n2"]),
    expected: { start: "n2", by: "register" },
  },
  {
    name: "does not register a drained node again, but waits until it has stopped",
    trigger: OUT,
    observation: {
      ...withInstances(instance("n2", { zone: "b", registration: "none" })),
      ...inProgress(["stop", "n2"]),
    },
    expected: { start: "n4", by: "start", then: ["n3", "n2"] },
  },
  {
    name: "starts a node of the zone with the least capacity",
    trigger: OUT,
    observation: withInstances(stopped("n3", { stoppedAt: NOW - 2 * HOUR })),
    expected: { start: "n4", by: "start", then: ["n3"] },
    numbers: [1],
  },
  {
    name: "counts joining instances in the capacity of a zone",
    trigger: OUT,
    observation: {
      ...withInstances(stopped("n5", { zone: "b" }), stopped("n6", { zone: "b" })),
      ...inProgress(["start", "n5"], ["start", "n6"]),
    },
    expected: { start: "n3", then: ["n4"] },
  },
  {
    name: "starts the node that was stopped first within a zone",
    trigger: OUT,
    observation: withInstances(stopped("n5", { zone: "b", stoppedAt: NOW - 2 * HOUR })),
    expected: { start: "n5", then: ["n4", "n3"] },
    numbers: [7200],
  },
  {
    name: "starts a node that was stopped at an unknown time last within a zone",
    trigger: operator("out"),
    observation: { instances: [BASE, stopped("n1", { stoppedAt: NOW }), withoutStoppedAt("n0")] },
    expected: { start: "n1", then: ["n0"] },
  },
  {
    name: "starts the node with the first id if nodes are equal otherwise",
    trigger: OUT,
    observation: withInstances(stopped("n40", { zone: "b" }), stopped("n10", { zone: "b" })),
    expected: { start: "n10", then: ["n4", "n40", "n3"] },
  },
  {
    name: "waits for a stopping node if no node is stopped",
    trigger: OUT,
    observation: withInstances(stopped("n3", { state: "stopping" }), instance("n4")),
    expected: { start: "n3", by: "start", then: [] },
  },
  {
    name: "starts a stopped node even if its stop is still in progress",
    trigger: OUT,
    observation: inProgress(["stop", "n4"]),
    expected: { start: "n4", by: "start" },
  },
  {
    name: "starts no node that is being started already",
    trigger: OUT,
    observation: inProgress(["start", "n4"]),
    expected: { start: "n3", then: [] },
  },
  {
    name: "uses the later activity if an instance has two",
    trigger: OUT,
    observation: inProgress(["stop", "n2"], ["start", "n2"]),
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "starts no node of a type and zone without capacity",
    trigger: OUT,
    observation: history({ starts: [failed("no-capacity", "n4")] }),
    expected: { start: "n3", then: [] },
  },
  {
    name: "starts no node while every node is paused",
    trigger: OUT,
    observation: history({ starts: [failed("no-capacity", "n3"), failed("no-capacity", "n4")] }),
    expected: { none: "no-standby" },
    numbers: [2],
  },
  {
    name: "registers a draining node again even if the account has reached a quota",
    trigger: OUT,
    observation: {
      ...withInstances(instance("n2", { zone: "b", registration: "draining" })),
      ...history({ starts: [failed("quota", "n4")] }),
    },
    expected: { start: "n2", then: [] },
  },
  {
    name: "starts a paused node that the operator names",
    trigger: operator("out", "n3"),
    observation: history({ starts: [failed("no-capacity", "n3")] }),
    expected: { start: "n3" },
  },
  {
    name: "starts a node whose start failed last within a zone",
    trigger: OUT,
    observation: {
      ...withInstances(stopped("n5", { zone: "b" })),
      ...history({ starts: [{ ...failed("no-capacity", "n4"), at: NOW - HOUR }] }),
    },
    expected: { start: "n5", then: ["n4", "n3"] },
  },
  {
    name: "starts no quarantined node, and says how many there are",
    trigger: OUT,
    observation: withInstances(
      stopped("n3", { quarantine: "no capacity" }),
      stopped("n4", { quarantine: "no capacity" }),
    ),
    expected: { none: "no-standby" },
    numbers: [4, 2],
  },
  {
    name: "starts no instance of an Auto Scaling group",
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
    name: "starts the node that an operator names",
    trigger: operator("out", "n3"),
    expected: { start: "n3", then: [] },
  },
  {
    name: "starts only the node that an operator names",
    trigger: operator("out", "n1"),
    expected: { none: "no-standby" },
  },
]);

/** Returns the losses of instances in zones some time ago. Kas has started others in their places. */
function losses(ago: number, ...places: readonly (readonly [id: string, zone: string])[]) {
  return history({
    losses: places.map(([instance, zone]) => ({ instance, zone, at: NOW - ago, open: false })),
  });
}

checks("R7, R21", [
  {
    name: "starts a node of a zone last in which no instance serves and that lost one within 15 minutes",
    trigger: operator("out"),
    observation: {
      instances: [BASE, stopped("n3"), stopped("n4", { zone: "b" }), stopped("n5", { zone: "b" })],
      ...losses(14 * MINUTE, ["gone", "b"]),
    },
    expected: { start: "n3", then: ["n4", "n5"] },
  },
  {
    name: "starts a node of a zone that lost an instance 15 minutes ago like those of other zones",
    trigger: operator("out"),
    observation: {
      instances: [BASE, stopped("n3"), stopped("n4", { zone: "b" })],
      ...losses(15 * MINUTE, ["gone", "b"]),
    },
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "does not avoid a zone that lost an instance and in which another one serves",
    trigger: operator("out"),
    observation: losses(MINUTE, ["gone", "b"]),
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "starts a node of a zone that is down if it has no other node",
    trigger: operator("out"),
    observation: { instances: [BASE, stopped("n4", { zone: "b" })], ...losses(MINUTE, ["gone", "b"]) },
    expected: { start: "n4" },
  },
  {
    name: "starts a stopped node last that the fleet lost, also after 15 minutes",
    trigger: operator("out"),
    observation: losses(HOUR, ["n4", "b"]),
    expected: { start: "n3", then: ["n4"] },
  },
  {
    name: "prefers a node of a zone that is down to a node that the fleet lost",
    trigger: operator("out"),
    observation: {
      instances: [BASE, stopped("n3"), stopped("n4", { zone: "b" })],
      ...losses(MINUTE, ["gone", "b"], ["n3", "a"]),
    },
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "prefers a node that the fleet lost to one that is still stopping",
    trigger: operator("out"),
    observation: {
      ...withInstances(stopped("n3", { state: "stopping" })),
      ...losses(MINUTE, ["n4", "b"]),
    },
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "does not register an unhealthy node again whose stop has begun",
    trigger: operator("out"),
    observation: {
      ...withInstances(instance("n2", { zone: "b", registration: "draining" })),
      inProgress: [{ kind: "stop", instance: "n2", since: NOW, unhealthy: true }],
    },
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "does not register an unhealthy node again that still serves while its stop begins",
    trigger: operator("out"),
    observation: { inProgress: [{ kind: "stop", instance: "n2", since: NOW, unhealthy: true }] },
    expected: { start: "n4", then: ["n3"] },
  },
  {
    name: "waits for an unhealthy node that is stopping if it has no other node",
    trigger: operator("out"),
    observation: {
      instances: [BASE, instance("n2", { state: "stopping", registration: "none" })],
      inProgress: [{ kind: "stop", instance: "n2", since: NOW, unhealthy: true }],
    },
    expected: { start: "n2", by: "start" },
  },
]);

function withoutStoppedAt(id: string): Instance {
  const { stoppedAt: _, ...rest } = stopped(id);
  return rest;
}

/** Returns the failure of a start 5 s ago. */
function failed(what: Fault, instance: string): StartEvent {
  return { what, instance, at: NOW - 5_000, reason: "AWS said so" };
}
