/**
 * Functions that tests in a lab share: they open a lab, notify its autoscaler, and read the outcome.
 *
 * @module
 */
import type { AlarmState } from "../../../src/scaling/model/alarm.ts";
import { FLEET } from "./cloud.ts";
import { type FleetPlan, instancesOf } from "./fleet_plan.ts";
import { Lab, type Watcher } from "./lab.ts";
import { alarmMessage } from "./notice.ts";

/** The places of the base instance and of the first node in the plan of a fleet without a control instance. */
export const [BASE, FIRST] = [0, 1];

/**
 * The pause before a delivery is repeated, in ms. It is shorter than SNS's pause, because the autoscaler is never down
 * for long.
 */
const AGAIN = 5_000;

/** Opens a lab without alarms, whose autoscaler has reconciled once. It acts only on notifications of the test. */
export async function openNotifiedLab(plan: FleetPlan, watcher: Watcher = {}): Promise<Lab> {
  const lab = await Lab.open(plan, watcher);
  await deleteAlarms(lab);
  await lab.start();
  await lab.pass(5_000);
  return lab;
}

/** Opens a lab whose autoscaler reads its alarms, and receives no notifications. */
export async function openPolledLab(plan: FleetPlan): Promise<Lab> {
  const lab = await Lab.open(plan);
  await lab.start();
  await lab.pass(5_000);
  return lab;
}

/** Delivers a notification until the autoscaler has accepted it. */
export async function notify(lab: Lab, alarm: string, state: AlarmState, from?: AlarmState): Promise<void> {
  const text = alarmMessage(`${FLEET}:${alarm}`, state, lab.time.now(), from);
  const post = lab.message(text, `notification at ${lab.time.passed}`);
  while (await lab.deliver(post) !== 200) await lab.pass(AGAIN);
}

/** Notifies the autoscaler that the base instance is busy. This recommends one more instance. */
export async function askForMore(lab: Lab): Promise<void> {
  await notify(lab, `cpuhigh:${lab.id(BASE)}`, "ALARM");
}

/** Notifies the autoscaler that a node is idle. This recommends one instance less. */
export async function reportIdle(lab: Lab, place: number): Promise<void> {
  await notify(lab, `cpulow:${lab.id(place)}`, "OK");
}

/** Deletes the fleet's alarms. */
export async function deleteAlarms(lab: Lab): Promise<void> {
  const AlarmNames = instancesOf(lab.plan).flatMap((_, place) =>
    ["cpuhigh", "cpulow"].map((kind) => `${FLEET}:${kind}:${lab.id(place)}`)
  );
  await lab.cloud.elsewhere("cloudWatch", "DeleteAlarms", { AlarmNames });
}

/**
 * Sends requests that the machines answer only when the test releases them. Returns the HTTP status of each request.
 */
export async function holdRequests(lab: Lab): Promise<Promise<number>[]> {
  await lab.cloud.elsewhere("elb", "ModifyLoadBalancerAttributes", {
    LoadBalancerName: FLEET,
    LoadBalancerAttributes: {
      ConnectionSettings: { IdleTimeout: 3_600 },
      ConnectionDraining: { Enabled: true, Timeout: 3_600 },
    },
  });
  lab.cloud.machines.holding = true;
  const answers = Array.from({ length: 6 }, () => lab.cloud.work());
  await lab.time.settle();
  return answers;
}

/** Returns the ids of the instances that were started, in order. */
export function startedIds({ cloud }: Lab): string[] {
  return cloud.calls.filter(({ action, error }) => action === "StartInstances" && error === undefined)
    .flatMap(({ input }) => input["InstanceIds"] as string[]);
}

/** Returns the number of instances in service. */
export function countInService({ cloud }: Lab): number {
  return cloud.fleet().filter(({ state, registration }) =>
    state === "running" && registration === "in-service"
  )
    .length;
}
