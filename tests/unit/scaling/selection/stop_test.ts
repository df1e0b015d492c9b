import { checks, inProgress, limits, operator } from "../cases.ts";
import { IN, IN_ANY, instance, MINUTE, NOW, OUT, stopped, withInstances } from "../fixtures.ts";

checks("R8", [
  {
    name: "stops the alarm's own instance first",
    trigger: IN,
    expected: { stop: "n1" },
  },
  {
    name: "stops another node if the alarm's instance is a base instance",
    trigger: { ...IN, alarm: { ...IN.alarm, dimension: "base" } },
    expected: { stop: "n1" },
  },
  {
    name: "stops nothing for the cpulow alarm of an instance that is not healthy",
    trigger: IN,
    observation: withInstances(instance("n1", { registration: "out-of-service" })),
    expected: { none: "" },
  },
  {
    name: "stops a node of the zone with the most capacity",
    trigger: IN_ANY,
    observation: withInstances(instance("n2", { zone: "b", launched: NOW - 10 * MINUTE })),
    expected: { stop: "n1" },
    numbers: [2],
  },
  {
    name: "stops the node that started last within a zone",
    trigger: IN_ANY,
    observation: withInstances(instance("n9", { launched: NOW - 30 * MINUTE })),
    expected: { stop: "n9" },
  },
  {
    name: "stops the node with the first id if nodes are equal otherwise",
    trigger: IN_ANY,
    observation: withInstances(instance("n0")),
    expected: { stop: "n0" },
  },
  {
    name: "stops no other node that is not in service",
    trigger: IN_ANY,
    observation: withInstances(instance("n1", { registration: "out-of-service" }), stopped("n2")),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops no node that is being stopped already",
    trigger: IN_ANY,
    observation: inProgress(["stop", "n1"]),
    expected: { stop: "n2" },
  },
  {
    name: "stops no node that is being started",
    trigger: operator("in", "n1"),
    observation: inProgress(["start", "n1"]),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops no quarantined instance and no instance of an Auto Scaling group",
    trigger: IN,
    observation: withInstances(
      instance("n1", { quarantine: "odd" }),
      instance("n2", { autoScalingGroup: "web" }),
    ),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops the next node if EC2 refuses to stop the alarm's own instance",
    trigger: IN,
    observation: withInstances(instance("n1", { refusesStop: "it has stop protection" })),
    expected: { stop: "n2" },
  },
  {
    name: "stops no node that EC2 refuses to stop, even if an operator names it",
    trigger: operator("in", "n1"),
    observation: withInstances(instance("n1", { refusesStop: "it has stop protection" })),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops nothing if EC2 refuses to stop every node",
    trigger: IN_ANY,
    observation: withInstances(
      instance("n1", { refusesStop: "it is a Spot instance" }),
      instance("n2", { refusesStop: "it is a Spot instance" }),
    ),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops the next node if the alarm's own instance is protected",
    trigger: IN,
    observation: withInstances(instance("n1", { protected: true })),
    expected: { stop: "n2" },
  },
  {
    name: "stops no protected node, not even if an operator names it",
    trigger: operator("in", "n1"),
    observation: withInstances(instance("n1", { protected: true })),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops nothing if every node is protected",
    trigger: IN_ANY,
    observation: withInstances(instance("n1", { protected: true }), instance("n2", { protected: true })),
    expected: { none: "no-candidate" },
  },
  {
    name: "stops only the node that an operator names",
    trigger: operator("in", "n3"),
    expected: { none: "no-candidate" },
  },
]);

checks("R10", [
  {
    name: "terminates a node with --shrink terminate",
    trigger: IN,
    observation: limits({ shrink: "terminate" }),
    expected: { terminate: "n1" },
  },
  {
    name: "terminates no base instance",
    trigger: operator("in", "base"),
    observation: limits({ shrink: "terminate" }),
    expected: { none: "no-candidate" },
  },
  {
    name: "registers a node again if its termination has just begun",
    trigger: OUT,
    observation: inProgress(["terminate", "n2"]),
    expected: { start: "n2", by: "register" },
  },
  {
    name: "does not wait for a node that is being terminated",
    trigger: OUT,
    observation: {
      ...withInstances(instance("n2", { zone: "b", registration: "none" })),
      ...inProgress(["terminate", "n2"]),
    },
    expected: { start: "n4", then: ["n3"] },
  },
]);
