/**
 * Scenarios of the bounds of the capacity, in the interplay of the rules.
 *
 * @module
 */
import { testScenarios } from "./scenario.ts";

testScenarios([
  {
    name: "a fleet below its minimum starts all missing instances at once",
    fleet: "B:in n1:off n2:off n3:off",
    limits: { min: 3 },
    then: "start n1, start n2",
    desired: 3,
  },
  {
    name: "a fleet that cannot reach its minimum starts what it can, and names the check",
    fleet: "B:in n1:off",
    limits: { min: 4, max: 4 },
    then: "start n1",
    desired: 2,
    held: "no-standby",
  },
  {
    name: "the maximum wins over a larger minimum",
    fleet: "B:in n1:off n2:off",
    limits: { min: 5, max: 2 },
    then: "start n1",
    desired: 2,
  },
  {
    name: "an instance that is joining counts towards the minimum",
    fleet: "B:in n1:joining n2:off n3:off",
    limits: { min: 3 },
    then: "start n2",
    desired: 3,
  },
  {
    name: "an instance that has been joining for too long does not count towards the minimum",
    fleet: "B:in n1:overdue n2:off",
    limits: { min: 2 },
    then: "start n2",
    desired: 2,
  },
  {
    name: "a leaving instance does not count towards the minimum, and kas registers it again first",
    fleet: "B:in n1:draining n2:off",
    limits: { min: 2 },
    then: "start n1",
    desired: 2,
  },
  {
    name: "the default minimum counts base instances, and control instances that are registered",
    fleet: "B:in C:in n1:off",
    then: "",
    desired: 2,
  },
  {
    name: "above the maximum kas stops all surplus nodes",
    fleet: "B:in n1:in n2:in",
    limits: { max: 1 },
    then: "stop n1, stop n2",
    desired: 1,
  },
  {
    name: "above the maximum kas keeps the instances that the load needs",
    fleet: "B:in n1:in n2:in",
    limits: { max: 1 },
    cpu: 30,
    then: "stop n1",
    desired: 2,
    held: "projected-load",
  },
  {
    name: "a cooldown does not hold the restoration of the minimum back",
    fleet: "B:in n1:off",
    limits: { min: 2, cooldownOut: 300_000 },
    lastOut: 5,
    then: "start n1",
    desired: 2,
  },
  {
    name: "the zones stay balanced when several instances start",
    fleet: "B@a:in n1@a:off n2@a:off n3@b:off n4@b:off",
    limits: { min: 4 },
    then: "start n3, start n1, start n4",
    desired: 4,
  },
]);
