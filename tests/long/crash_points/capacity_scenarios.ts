/**
 * Scenarios in which kas changes the capacity without an alarm: for the minimum, for a schedule, and during operators' actions.
 *
 * @module
 */
import { Schedules } from "../../../src/settings/schedules/schedules.ts";
import { AT_ONCE, fleetOf } from "../../support/lab/fleet_plan.ts";
import type { Lab } from "../../support/lab/lab.ts";
import { operate } from "../../support/lab/operator.ts";
import { deleteAlarms, FIRST, holdRequests, reportIdle } from "../../support/lab/script.ts";
import type { Scenario } from "./scenarios.ts";

const MINUTE = 60_000;

/** Limits with a reconcile each minute. */
const RECONCILING = { ...AT_ONCE, resync: MINUTE };

/** The place of the second node in the plan. */
const SECOND = 2;

/** A window from the fifth minute after the lab begins to the 15th. */
const PEAK = new Schedules([
  { name: "peak", cron: "5 * * * *", timezone: "UTC", duration: 10 * MINUTE, min: 3, max: 3 },
]);

/** Limits with which kas replaces an instance that fails for a minute. */
const REPLACING = { ...RECONCILING, unhealthyAfter: MINUTE };

/** Longer than kas needs to replace an unhealthy node and to stop it. */
const REPLACED = 6 * MINUTE;

function sicken(lab: Lab, ...places: readonly number[]): void {
  for (const place of places) lab.cloud.faults.set(`dies=${lab.id(place)}`);
}

async function terminate(lab: Lab, ...places: readonly number[]): Promise<void> {
  await lab.cloud.elsewhere("ec2", "TerminateInstances", {
    InstanceIds: places.map((place) => lab.id(place)),
  });
}

/** The scenarios. */
export const CAPACITY_SCENARIOS: readonly Scenario[] = [
  {
    name: "a fleet that begins below its minimum",
    plan: fleetOf([false, false, false], { kind: true, limits: { ...AT_ONCE, min: 3 } }),
    prepare: deleteAlarms,
    drive: (lab) => lab.pass(MINUTE),
  },
  {
    name: "two nodes that somebody terminates, in a fleet at its minimum",
    plan: fleetOf([true, true, false, false, false], { kind: true, limits: { ...RECONCILING, min: 3 } }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await terminate(lab, FIRST, SECOND);
      await lab.pass(3 * MINUTE);
    },
  },
  {
    name: "a window of a schedule that begins and ends",
    plan: fleetOf([false, false, false], {
      kind: true,
      limits: { ...RECONCILING, min: 1, max: 1 },
      schedules: PEAK,
    }),
    prepare: deleteAlarms,
    drive: (lab) => lab.pass(20 * MINUTE),
  },
  {
    name: "a pause that ends while the fleet is below its minimum",
    plan: fleetOf([true, false], { kind: true, limits: { ...RECONCILING, min: 2 } }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await operate(lab, "pause", { directions: ["out"], until: lab.clock + 3 * MINUTE });
      await terminate(lab, FIRST);
      await lab.pass(5 * MINUTE);
    },
  },
  {
    name: "a stop of a node that an operator protects before it has drained",
    plan: fleetOf([true, true], { kind: true }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      await holdRequests(lab);
      await reportIdle(lab, FIRST);
      await lab.pass(20_000);
      await lab.cloud.elsewhere("ec2", "CreateTags", {
        Resources: [lab.id(FIRST)],
        Tags: [{ Key: "kas:protected", Value: "true" }],
      });
      lab.cloud.machines.release();
    },
  },
  {
    name: "a node whose worker dies",
    plan: fleetOf([true, false], { kind: true, limits: REPLACING }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      sicken(lab, FIRST);
      await lab.pass(REPLACED);
    },
  },
  {
    name: "two nodes whose workers die at the same time",
    plan: fleetOf([true, true, false, false, false, false], { kind: true, limits: REPLACING }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      sicken(lab, FIRST, SECOND);
      await lab.pass(REPLACED);
    },
  },
  {
    name: "a node whose worker dies, and that no other node can replace",
    plan: fleetOf([true], { kind: true, limits: REPLACING }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      sicken(lab, FIRST);
      await lab.pass(REPLACED);
    },
  },
  {
    name: "a node whose worker dies, and whose replacement EC2 refuses to start",
    plan: fleetOf([true, false, false], { kind: true, limits: REPLACING }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.faults.noCapacity.add(lab.id(3));
    },
    drive: async (lab) => {
      sicken(lab, FIRST);
      await lab.pass(REPLACED);
    },
  },
  {
    name: "an operator who scales to another capacity",
    plan: fleetOf([false, false, false], { kind: true, limits: { ...RECONCILING, max: 4 } }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      const command = { direction: "to", capacity: 3, until: lab.clock + 30 * MINUTE, dryRun: false };
      // Without an answer, the operator asks again.
      while ((await operate(lab, "scale", command))?.status !== 200) await lab.pass(5_000);
      await lab.pass(3 * MINUTE);
    },
  },
];
