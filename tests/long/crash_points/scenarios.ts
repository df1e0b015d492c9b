/**
 * The scenarios in which the autoscaler crashes. Each always has the same result.
 *
 * @module
 */
import { AT_ONCE, fleetOf, type FleetPlan } from "../../support/lab/fleet_plan.ts";
import { TEMPLATE } from "../../support/lab/cloud.ts";
import type { Lab } from "../../support/lab/lab.ts";
import { askForMore, deleteAlarms, FIRST, holdRequests, reportIdle } from "../../support/lab/script.ts";

/** A scenario. */
export interface Scenario {
  readonly name: string;
  readonly plan: FleetPlan;
  /** Called before the autoscaler starts. */
  readonly prepare: (lab: Lab) => Promise<void>;
  /** Triggers the activities. */
  readonly drive: (lab: Lab) => Promise<void>;
}

/** Limits for up to three instances, of which kas launches the third. */
const GROWING = { ...AT_ONCE, grow: TEMPLATE, max: 3 };

/** Limits with which scaling in terminates nodes. */
const SHRINKING = { ...GROWING, shrink: "terminate" } as const;

/** The place of the second node in the plan. */
const SECOND = 2;

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "a start", plan: fleetOf([false], { kind: true }), prepare: deleteAlarms, drive: askForMore },
  {
    name: "a start for whose first candidate EC2 has no capacity",
    plan: fleetOf([false, false, false], { kind: true }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.faults.noCapacity.add(lab.id(FIRST));
    },
    drive: askForMore,
  },
  {
    name: "a start whose first candidate's worker never answers",
    plan: fleetOf([false, false], { kind: true }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.machines.broken.add(lab.id(FIRST));
    },
    drive: askForMore,
  },
  {
    name: "a start with no candidate left",
    plan: fleetOf([false], { kind: true }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.machines.broken.add(lab.id(FIRST));
    },
    drive: askForMore,
  },
  {
    name: "a stop",
    plan: fleetOf([true], { kind: true }),
    prepare: deleteAlarms,
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a stop that waits for requests",
    plan: fleetOf([true, true], { kind: true }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await holdRequests(lab);
      await reportIdle(lab, FIRST);
      await lab.pass(30_000);
      lab.cloud.machines.release();
    },
  },
  {
    name: "a stop whose requests do not end in time",
    plan: fleetOf([true], { kind: true, drainTimeout: 40_000 }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await holdRequests(lab);
      await reportIdle(lab, FIRST);
    },
  },
  {
    name: "a stop that a start cancels",
    plan: fleetOf([true, false], { kind: true }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await holdRequests(lab);
      await reportIdle(lab, FIRST);
      await lab.pass(20_000);
      await askForMore(lab);
      await lab.pass(20_000);
      lab.cloud.machines.release();
    },
  },
  {
    name: "a start of an instance that is still stopping",
    plan: fleetOf([true], { kind: true }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await reportIdle(lab, FIRST);
      await lab.pass(12_000);
      await askForMore(lab);
    },
  },
  {
    name: "two starts and a stop at the same time",
    plan: fleetOf([true, false, false], { kind: true }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await reportIdle(lab, FIRST);
      await lab.pass(10_000);
      await askForMore(lab);
      await lab.pass(3_000);
      await askForMore(lab);
    },
  },
  {
    name: "a launch",
    plan: fleetOf([], { kind: true, limits: GROWING }),
    prepare: deleteAlarms,
    drive: askForMore,
  },
  {
    name: "a launch that gets alarms like the base instance's",
    plan: fleetOf([], { kind: true, limits: { ...GROWING, max: 2 } }),
    prepare: () => Promise.resolve(),
    drive: async (lab) => {
      lab.cloud.machines.demand = 1;
      await askForMore(lab);
    },
  },
  {
    name: "a launch whose worker never answers",
    plan: fleetOf([], { kind: true, limits: GROWING }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.machines.broken.add(lab.launched());
    },
    drive: askForMore,
  },
  {
    name: "a launch for which EC2 has no capacity, and a later launch with capacity",
    plan: fleetOf([], { kind: true, limits: GROWING }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.faults.noCapacity.add(TEMPLATE);
    },
    drive: async (lab) => {
      await askForMore(lab);
      await lab.pass(90_000);
      lab.cloud.faults.noCapacity.clear();
      await askForMore(lab);
    },
  },
  {
    name: "two launches at the same time, and no third launch",
    plan: fleetOf([], { kind: true, limits: GROWING }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      for (let asked = 0; asked < 3; asked++) {
        await askForMore(lab);
        await lab.pass(3_000);
      }
    },
  },
  {
    name: "a termination",
    plan: fleetOf([true], { kind: true, limits: SHRINKING }),
    prepare: () => Promise.resolve(),
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a termination that a start cancels",
    plan: fleetOf([true], { kind: true, limits: SHRINKING }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await holdRequests(lab);
      await reportIdle(lab, FIRST);
      await lab.pass(20_000);
      await askForMore(lab);
      await lab.pass(20_000);
      lab.cloud.machines.release();
    },
  },
  {
    name: "a high load without notifications",
    plan: fleetOf([false, false], { kind: true, limits: { ...AT_ONCE, resync: 60_000, max: 2 } }),
    prepare: () => Promise.resolve(),
    drive: async (lab) => {
      lab.cloud.machines.demand = 1;
      await lab.pass(200_000);
    },
  },
  {
    name: "a start whose candidate another person terminates",
    plan: fleetOf([false, false, true], { kind: true }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await askForMore(lab);
      await lab.pass(8_000);
      await lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lab.id(SECOND)] });
      await lab.pass(8_000);
      await reportIdle(lab, 3);
    },
  },
];
