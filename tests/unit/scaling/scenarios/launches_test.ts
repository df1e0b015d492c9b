/**
 * Scenarios of launches, in the interplay of the rules.
 *
 * @module
 */
import { NOW } from "../fixtures.ts";
import { testScenarios } from "./scenario.ts";

const GROW = "kas-node";

testScenarios([
  {
    name: "kas launches a node if no standby is left",
    fleet: "B:in n1:in",
    limits: { max: 4, grow: GROW },
    on: "cpuhigh n1",
    then: "launch",
    desired: 3,
  },
  {
    name: "a launch counts every instance towards the maximum, also those in quarantine",
    fleet: "B:in n1:in n2:quarantined",
    limits: { max: 3, grow: GROW },
    on: "cpuhigh n1",
    then: "",
    desired: 2,
    held: "max-capacity",
  },
  {
    name: "below the minimum, kas starts the standby node first, and launches the other nodes",
    fleet: "B:in n1:off",
    limits: { min: 4, max: 4, grow: GROW },
    then: "start n1, launch, launch",
    desired: 4,
  },
  {
    name: "after a failed launch, kas waits before the next launch, and starts a standby node",
    fleet: "B:in n1:off",
    limits: { min: 3, max: 4, grow: GROW },
    history: { launchesFail: { since: NOW - 30_000, last: NOW - 30_000 } },
    then: "start n1",
    desired: 2,
    held: "no-standby",
  },
]);
