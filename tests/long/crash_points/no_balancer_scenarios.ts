/**
 * Scenarios of a fleet without a load balancer, whose services take jobs from a queue (R23).
 *
 * @module
 */
import type { Lab } from "../../support/lab/lab.ts";
import { AT_ONCE, fleetOf, type FleetPlan } from "../../support/lab/fleet_plan.ts";
import { operate } from "../../support/lab/operator.ts";
import { askForMore, deleteAlarms, FIRST, reportIdle } from "../../support/lab/script.ts";
import type { Scenario } from "./scenarios.ts";

const MINUTE = 60_000;

/** The place of the second node in the plan. */
const SECOND = 2;

function planOf(serving: readonly boolean[], more: Partial<FleetPlan> = {}): FleetPlan {
  return fleetOf(serving, { kind: true, balancer: "none", ...more });
}

/** Begins a stop that waits for a job, and then a start that cancels the stop. */
async function cancelStop(lab: Lab): Promise<void> {
  await reportIdle(lab, FIRST);
  await lab.pass(20_000);
  await askForMore(lab);
  await lab.pass(20_000);
  lab.cloud.workers.release();
}

/** The scenarios. */
export const NO_BALANCER_SCENARIOS: readonly Scenario[] = [
  {
    name: "a start without a load balancer",
    plan: planOf([false]),
    prepare: deleteAlarms,
    drive: askForMore,
  },
  {
    name: "a stop that waits for a job",
    plan: planOf([true]),
    prepare: deleteAlarms,
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a stop that waits for a job, of a service that does not end",
    plan: planOf([true]),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.workers.lasting.add(lab.id(FIRST));
    },
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a termination that waits for a job",
    plan: planOf([true], { limits: { ...AT_ONCE, shrink: "terminate" } }),
    prepare: deleteAlarms,
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a stop whose job does not end in time",
    plan: planOf([true], { drainTimeout: 40_000 }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.workers.hold(lab.id(FIRST));
    },
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a stop of a service that refuses to drain",
    plan: planOf([true], { drainTimeout: 40_000 }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.workers.refusing.add(lab.id(FIRST));
    },
    drive: (lab) => reportIdle(lab, FIRST),
  },
  {
    name: "a stop without a load balancer that a start cancels",
    plan: planOf([true, false]),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.workers.hold(lab.id(FIRST));
    },
    drive: cancelStop,
  },
  {
    name: "a stop that a start cancels, of a service that refuses to take jobs again",
    plan: planOf([true, false]),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.workers.final.add(lab.id(FIRST));
      lab.cloud.workers.hold(lab.id(FIRST));
    },
    drive: cancelStop,
  },
  {
    name: "a stop of a node that the fleet needs again, and whose service refuses to take jobs again",
    plan: planOf([true, true], { limits: { ...AT_ONCE, min: 2 } }),
    prepare: async (lab) => {
      await deleteAlarms(lab);
      lab.cloud.workers.final.add(lab.id(FIRST));
      lab.cloud.workers.hold(lab.id(FIRST));
    },
    drive: async (lab) => {
      // Otherwise, the reconcile after a crash starts the draining node.
      await operate(lab, "pause", { directions: ["out"], until: lab.clock + 60 * MINUTE });
      await reportIdle(lab, FIRST);
      await lab.pass(20_000);
      await lab.cloud.elsewhere("ec2", "CreateTags", {
        Resources: [lab.id(SECOND)],
        Tags: [{ Key: "kas:detached", Value: "now" }],
      });
      lab.cloud.workers.release();
    },
  },
  {
    name: "the replacement of an impaired node that waits for its job",
    plan: planOf([true, false], { limits: { ...AT_ONCE, resync: MINUTE, unhealthyAfter: MINUTE } }),
    prepare: deleteAlarms,
    drive: async (lab) => {
      lab.cloud.faults.set(`impaired=${lab.id(FIRST)}`);
      await lab.pass(6 * MINUTE);
    },
  },
];
