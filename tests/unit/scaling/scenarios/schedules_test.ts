/**
 * Scenarios of windows of schedules, in the interplay of the rules.
 *
 * @module
 */
import { testScenarios } from "./scenario.ts";

testScenarios([
  {
    name: "a window raises the minimum",
    fleet: "B:in n1:off n2:off",
    windows: [{ min: 3 }],
    on: { kind: "schedule" },
    then: "start n1, start n2",
    desired: 3,
  },
  {
    name: "a window that begins soon raises the minimum already",
    fleet: "B:in n1:off n2:off",
    windows: [{ min: 3, begins: 90 }],
    on: { kind: "schedule" },
    then: "start n1, start n2",
    desired: 3,
  },
  {
    name: "a window that begins soon does not lower the maximum yet",
    fleet: "B:in n1:in n2:in",
    windows: [{ max: 1, begins: 90 }],
    on: { kind: "schedule" },
    then: "",
    desired: 3,
  },
  {
    name: "the maximum of a window stops surplus nodes",
    fleet: "B:in n1:in n2:in",
    windows: [{ max: 2 }],
    on: { kind: "schedule" },
    then: "stop n1",
    desired: 2,
  },
  {
    name: "of overlapping windows the largest minimum and the smallest maximum count",
    fleet: "B:in n1:off n2:off n3:off n4:off",
    windows: [{ min: 2 }, { min: 4 }, { max: 3 }],
    then: "start n1, start n2",
    desired: 3,
  },
  {
    name: "without a load policy the capacity follows the minimum of the window down",
    fleet: "B:in n1:in n2:in",
    limits: { policies: [] },
    windows: [{ min: 2 }],
    on: { kind: "schedule" },
    then: "stop n1",
    desired: 2,
  },
  {
    name: "a pause holds the starts for a window back",
    fleet: "B:in n1:off",
    windows: [{ min: 2 }],
    paused: "out",
    on: { kind: "schedule" },
    then: "",
    desired: 1,
    held: "paused",
  },
]);
