/**
 * What scenarios in a lab have in common: a fleet that only does what it is told, and how it is told.
 *
 * @module
 */
import type { AlarmState } from "../../../src/scaling/model/alarm.ts";
import { FLEET } from "./cloud.ts";
import { type FleetPlan, instancesOf } from "./fleet_plan.ts";
import { Lab, type Watcher } from "./lab.ts";
import { notice } from "./notice.ts";

/** Places in the plan of a fleet without a control instance. */
export const [BASE, FIRST] = [0, 1];

/** How long it takes until a delivery is tried again, ms: shorter than SNS's, as nobody is down for long. */
const AGAIN = 5_000;

/** Opens a lab whose autoscaler has made its first resync, and has no alarms to read but what it is told. */
export async function told(plan: FleetPlan, watcher: Watcher = {}): Promise<Lab> {
  const lab = await Lab.open(plan, watcher);
  await noAlarms(lab);
  await lab.start();
  await lab.pass(5_000);
  return lab;
}

/** Opens a lab whose autoscaler reads its alarms and is told nothing. */
export async function untold(plan: FleetPlan): Promise<Lab> {
  const lab = await Lab.open(plan);
  await lab.start();
  await lab.pass(5_000);
  return lab;
}

/** Delivers a notification until it is taken. */
export async function tell(lab: Lab, alarm: string, state: AlarmState, from?: AlarmState): Promise<void> {
  const text = notice(`${FLEET}:${alarm}`, state, lab.time.now(), from);
  const post = lab.message(text, `told at ${lab.time.passed}`);
  while (await lab.deliver(post) !== 200) await lab.pass(AGAIN);
}

/** Tells that the base is busy: one more is asked for. */
export async function out(lab: Lab): Promise<void> {
  await tell(lab, `cpuhigh:${lab.id(BASE)}`, "ALARM");
}

/** Tells that a node is idle: it may go. */
export async function away(lab: Lab, place: number): Promise<void> {
  await tell(lab, `cpulow:${lab.id(place)}`, "OK");
}

/** Takes the fleet's alarms away. */
export async function noAlarms(lab: Lab): Promise<void> {
  const AlarmNames = instancesOf(lab.plan).flatMap((_, place) =>
    ["cpuhigh", "cpulow"].map((kind) => `${FLEET}:${kind}:${lab.id(place)}`)
  );
  await lab.cloud.elsewhere("cloudWatch", "DeleteAlarms", { AlarmNames });
}

/** Sends requests that take as long as they are held; the status of each once it is answered. */
export async function hold(lab: Lab): Promise<Promise<number>[]> {
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

/** The instances that EC2 was made to start, in order. */
export function starts({ cloud }: Lab): string[] {
  return cloud.calls.filter(({ action, error }) => action === "StartInstances" && error === undefined)
    .map(({ input }) => String((input["InstanceIds"] as unknown[])[0]));
}

/** How many are in service. */
export function inService({ cloud }: Lab): number {
  return cloud.fleet().filter(({ state, registration }) =>
    state === "running" && registration === "in-service"
  )
    .length;
}
