/**
 * Scenarios of unhealthy instances, in the interplay of the rules.
 *
 * @module
 */
import { testScenarios } from "./scenario.ts";

const GROW = "kas-node";

testScenarios([
  {
    name: "an instance that fails for a minute still counts",
    fleet: "B:in n1:failing n2:off",
    limits: { min: 2 },
    then: "",
    desired: 2,
  },
  {
    name: "an unhealthy node is replaced first, and keeps running",
    fleet: "B:in n1:unhealthy n2:off",
    limits: { min: 2 },
    lost: ["n1"],
    then: "start n2",
    desired: 2,
  },
  {
    name: "an unhealthy node waits until its replacement serves",
    fleet: "B:in n1:unhealthy n2:joining",
    limits: { min: 2 },
    then: "",
    desired: 2,
  },
  {
    name: "an unhealthy node stops when its replacement serves",
    fleet: "B:in n1:unhealthy n2:in",
    limits: { min: 2 },
    then: "replace n1",
    desired: 2,
  },
  {
    name: "an impaired node in service stops when its replacement serves",
    fleet: "B:in n1:impaired n2:in",
    limits: { min: 2 },
    then: "replace n1",
    desired: 2,
  },
  {
    name: "without a standby, kas restarts the unhealthy node",
    fleet: "B:in n1:unhealthy",
    limits: { min: 2 },
    lost: ["n1"],
    then: "replace n1",
    desired: 1,
    held: "no-standby",
  },
  {
    name:
      "if only a launch could replace an unhealthy node and the fleet is at its maximum, kas restarts the unhealthy node",
    fleet: "B:in n1:unhealthy",
    limits: { min: 2, max: 2, grow: GROW },
    lost: ["n1"],
    then: "replace n1",
    desired: 1,
    held: "max-capacity",
  },
  {
    name: "a launch replaces an unhealthy node below the maximum",
    fleet: "B:in n1:unhealthy",
    limits: { min: 2, max: 3, grow: GROW },
    lost: ["n1"],
    then: "launch",
    desired: 2,
  },
  {
    name: "a node stands in for an unhealthy base instance, which keeps running",
    fleet: "B:unhealthy n1:in n2:off",
    limits: { min: 2 },
    lost: ["B"],
    then: "start n2",
    desired: 2,
  },
  {
    name: "a node stands in for an unhealthy control instance",
    fleet: "B:in C:unhealthy n1:off",
    lost: ["C"],
    then: "start n1",
    desired: 2,
  },
  {
    name: "an unhealthy base instance without a standby stays as it is",
    fleet: "B:unhealthy n1:in",
    limits: { min: 2 },
    lost: ["B"],
    then: "",
    desired: 1,
    held: "no-standby",
  },
  {
    name: "kas stops a third of the nodes at most because they are unhealthy",
    fleet: "B:in n1:unhealthy n2:unhealthy n3:unhealthy n4:in n5:in n6:in",
    limits: { min: 4 },
    then: "replace n1, replace n2",
    desired: 4,
    held: "cap",
  },
  {
    name: "with no instance in service, kas restarts one unhealthy node",
    fleet: "B:unhealthy n1:unhealthy n2:unhealthy n3:unhealthy n4:unhealthy n5:unhealthy n6:unhealthy",
    limits: { min: 3 },
    then: "replace n1",
    desired: 0,
    held: "no-standby",
  },
  {
    name: "kas does not stop an unhealthy node that an operator protects",
    fleet: "B:in n1:unhealthy-protected n2:in",
    limits: { min: 2 },
    then: "",
    desired: 2,
  },
  {
    name: "kas does not stop an unhealthy node that EC2 refuses to stop",
    fleet: "B:in n1:unhealthy-refuses n2:in",
    limits: { min: 2 },
    then: "",
    desired: 2,
  },
  {
    name: "neither the cooldown nor the load of the others holds the stop of an unhealthy node back",
    fleet: "B:in n1:unhealthy n2:in",
    limits: { min: 2, cooldownIn: 300_000 },
    cpu: 95,
    lastIn: 5,
    then: "replace n1",
    desired: 2,
  },
  {
    name: "if a node recovers and the capacity is above the maximum, kas stops one node",
    fleet: "B:in n1:in n2:in",
    limits: { max: 2 },
    then: "stop n1",
    desired: 2,
  },
  {
    name: "a running node that is not registered is left alone, and does not count",
    fleet: "B:in n1:detached n2:off",
    limits: { min: 2 },
    then: "start n2",
    desired: 2,
  },
  {
    name: "a node in maintenance is no standby",
    fleet: "B:in n1:off-detached",
    limits: { min: 2 },
    then: "",
    desired: 1,
    held: "no-standby",
  },
]);
