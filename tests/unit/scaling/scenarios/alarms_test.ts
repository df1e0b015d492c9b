/**
 * Scenarios of alarms and the other checks, in the interplay of the rules.
 *
 * @module
 */
import { testScenarios } from "./scenario.ts";

testScenarios([
  {
    name: "a notification of high CPU starts one instance",
    fleet: "B:in n1:off n2:off",
    on: "cpuhigh B",
    then: "start n1",
    desired: 2,
  },
  {
    name: "a notification of high CPU starts nothing at the maximum",
    fleet: "B:in n1:in n2:off",
    limits: { max: 2 },
    on: "cpuhigh B",
    then: "",
    desired: 2,
    held: "max-capacity",
  },
  {
    name: "a notification of low CPU stops one instance",
    fleet: "B:in n1:in n2:in",
    on: "cpulow n1",
    then: "stop n1",
    desired: 2,
  },
  {
    name: "a notification of low CPU stops nothing while another instance is busy",
    fleet: "B:in n1:in n2:in",
    on: "cpulow n1",
    alarms: ["cpuhigh n2 ALARM"],
    then: "",
    desired: 3,
    held: "out-beats-in",
  },
  {
    name: "a joining instance does not count as in service when kas scales in",
    fleet: "B:in n1:in n2:joining",
    limits: { min: 2 },
    on: "cpulow n1",
    then: "",
    desired: 3,
    held: "min-capacity",
  },
  {
    name: "low CPU right after a scale-in stops nothing",
    fleet: "B:in n1:in n2:in",
    on: "cpulow n1",
    lastIn: 30,
    then: "",
    desired: 3,
    held: "cooldown",
  },
  {
    name: "kas ignores the low CPU of an instance that has served for only half a minute",
    fleet: "B:in n1:new n2:in",
    on: "cpulow n1",
    then: "",
    desired: 3,
  },
  {
    name: "without the policy alarms, alarms neither recommend a change nor hold a change back",
    fleet: "B:in n1:in n2:off",
    limits: { policies: [], min: 2 },
    alarms: ["cpuhigh n1 ALARM"],
    then: "",
    desired: 2,
  },
]);
