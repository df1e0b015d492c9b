/**
 * What is crashed: scenarios that end in one certain world, whatever happens to the autoscaler on the way.
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
  /** Before the autoscaler is started. */
  readonly prepare: (lab: Lab) => Promise<void>;
  /** What happens then. */
  readonly drive: (lab: Lab) => Promise<void>;
}

/** Three instances at most, the third launched. */
const GROWING = { ...AT_ONCE, grow: TEMPLATE, max: 3 };

/** What is taken out is terminated. */
const SHRINKING = { ...GROWING, shrink: "terminate" } as const;

/** The second node's place. */
const SECOND = 2;

/** All of them. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "a start", plan: fleetOf([false]), prepare: deleteAlarms, drive: askForMore },
  {
    name: "a start without capacity for the first",
    plan: fleetOf([false, false, false]),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.faults.noCapacity.add(lab.id(FIRST));
    },
    drive: askForMore,
  },
  {
    name: "a start whose first worker never answers",
    plan: fleetOf([false, false]),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.machines.broken.add(lab.id(FIRST));
    },
    drive: askForMore,
  },
  {
    name: "a start with nobody left to try",
    plan: fleetOf([false]),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.machines.broken.add(lab.id(FIRST));
    },
    drive: askForMore,
  },
  { name: "a stop", plan: fleetOf([true]), prepare: deleteAlarms, drive: (lab) => reportIdle(lab, FIRST) },
  {
    name: "a stop that waits for requests",
    plan: fleetOf([true, true]),
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
    plan: fleetOf([true], { drainTimeout: 40_000 }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await holdRequests(lab);
      await reportIdle(lab, FIRST);
    },
  },
  {
    name: "a stop that a start takes back",
    plan: fleetOf([true, false]),
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
    name: "a start of what is still stopping",
    plan: fleetOf([true]),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await reportIdle(lab, FIRST);
      await lab.pass(12_000);
      await askForMore(lab);
    },
  },
  {
    name: "two starts and a stop side by side",
    plan: fleetOf([true, false, false]),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await reportIdle(lab, FIRST);
      await lab.pass(10_000);
      await askForMore(lab);
      await lab.pass(3_000);
      await askForMore(lab);
    },
  },
  { name: "a launch", plan: fleetOf([], { limits: GROWING }), prepare: deleteAlarms, drive: askForMore },
  {
    name: "a launch that is watched as the base is",
    plan: fleetOf([], { limits: { ...GROWING, max: 2 } }),
    prepare: () => Promise.resolve(),
    drive: async (lab) => {
      lab.cloud.machines.demand = 1;
      await askForMore(lab);
    },
  },
  {
    name: "a launch whose worker never answers",
    plan: fleetOf([], { limits: GROWING }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.machines.broken.add(lab.launched());
    },
    drive: askForMore,
  },
  {
    name: "a launch without capacity, and another with it",
    plan: fleetOf([], { limits: GROWING }),
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
    name: "two launches side by side, and no third",
    plan: fleetOf([], { limits: GROWING }),
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
    plan: fleetOf([true], { limits: SHRINKING }),
    prepare: () => Promise.resolve(),
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a termination that a start takes back",
    plan: fleetOf([true], { limits: SHRINKING }),
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
    name: "a load that nobody told of",
    plan: fleetOf([false, false], { limits: { ...AT_ONCE, resync: 60_000, max: 2 } }),
    prepare: () => Promise.resolve(),
    drive: async (lab) => {
      lab.cloud.machines.demand = 1;
      await lab.pass(200_000);
    },
  },
  {
    name: "a candidate that somebody terminates",
    plan: fleetOf([false, false, true]),
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
