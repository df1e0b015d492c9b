/**
 * Scenarios of what the fleet lost, in the interplay of the rules.
 *
 * @module
 */
import { testScenarios } from "./scenario.ts";

testScenarios([
  {
    name: "an instance that the fleet lost is replaced above the minimum too",
    fleet: "B:in n1:in n2:off n3:off",
    lost: ["gone"],
    then: "start n2",
    desired: 3,
  },
  {
    name: "two losses are replaced at once",
    fleet: "B:in n1:off n2:off n3:off",
    lost: ["gone", "away"],
    then: "start n1, start n2",
    desired: 3,
  },
  {
    name: "a loss at the maximum is not replaced",
    fleet: "B:in n1:in n2:off",
    limits: { max: 2 },
    lost: ["gone"],
    then: "",
    desired: 2,
    held: "max-capacity",
  },
  {
    name: "high CPU during a loss leads to one instance more than before the loss",
    fleet: "B:in n1:in n2:off n3:off n4:off",
    lost: ["gone"],
    alarms: ["cpuhigh n1 ALARM"],
    then: "start n2, start n3",
    desired: 4,
  },
  {
    name: "low CPU during a loss stops nothing, because the loss has already reduced the capacity",
    fleet: "B:in n1:in n2:off",
    lost: ["gone"],
    alarms: ["cpulow n1 OK"],
    then: "",
    desired: 2,
  },
  {
    name: "a notification of high CPU during a loss starts one instance; a reconcile starts the other",
    fleet: "B:in n1:in n2:off n3:off",
    lost: ["gone"],
    on: "cpuhigh n1",
    then: "start n2",
    desired: 3,
  },
  {
    name:
      "a notification of low CPU during a loss stops nothing, because the loss has already reduced the capacity",
    fleet: "B:in n1:in n2:off",
    lost: ["gone"],
    on: "cpulow n1",
    then: "",
    desired: 2,
  },
  {
    name: "an instance that somebody stopped by hand is the last candidate",
    fleet: "B:in n1:off n2:off",
    limits: { min: 2 },
    lost: ["n1"],
    then: "start n2",
    desired: 2,
  },
  {
    name: "a cooldown does not hold a replacement back",
    fleet: "B:in n1:in n2:off",
    limits: { cooldownOut: 300_000 },
    lastOut: 5,
    lost: ["gone"],
    then: "start n2",
    desired: 3,
  },
  {
    name: "a zone comes last in which the fleet lost an instance and no instance serves",
    fleet: "B@b:in n1@a:off n2@b:off",
    limits: { min: 2 },
    lost: ["gone@a"],
    then: "start n2",
    desired: 2,
  },
]);
