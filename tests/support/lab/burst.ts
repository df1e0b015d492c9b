/**
 * Activities that begin at the same time, as those of one decision do.
 *
 * @module
 */
import type { Activity } from "../../../src/autoscaler/store/activities.ts";
import type { Call } from "../../../src/sandbox/wire/endpoint.ts";
import type { FleetPlan } from "./fleet_plan.ts";
import { Lab, type Watcher } from "./lab.ts";

/** The result of a burst of activities. */
export interface Burst {
  /** The ended activities, in the order of their ends. */
  readonly ended: readonly Activity[];
  /** The calls to AWS during the burst. */
  readonly calls: readonly Call[];
  /** How long the burst took, in virtual seconds. */
  readonly seconds: number;
}

/** Opens a lab and starts its autoscaler, which then scales only by {@linkcode beginAll}. */
export async function openPaused(plan: FleetPlan, watcher: Watcher = {}): Promise<Lab> {
  const lab = await Lab.open(plan, watcher);
  await lab.start();
  const body = JSON.stringify({ directions: ["out", "in"] });
  await lab.kas.operate(new Request("http://kas.lab/pause", { method: "POST", body }));
  await lab.pass(10_000);
  return lab;
}

/** Begins an activity for each instance, as one decision. Returns the promises of their ends. */
export function beginAll(
  { kas, time }: Lab,
  kind: "start" | "stop",
  instances: readonly string[],
): Promise<Activity | undefined>[] {
  const actions = instances.map((instance) =>
    kind === "start" ? { kind, instance, candidates: [], by: "start" } as const : { kind, instance }
  );
  const activities = kas.journal.record({
    trigger: { kind: "reconcile" },
    observation: { kind: "unobserved", now: time.now() },
    decision: { actions, reason: "a test", checks: [], recommendations: [] },
    dryRun: false,
  });
  return activities.map((activity) => kas.autoscaler.activities.begin(activity));
}

/** Begins an activity for each instance, and lets time pass until all have ended, at most ten minutes. */
export async function playBurst(
  lab: Lab,
  kind: "start" | "stop",
  instances: readonly string[],
): Promise<Burst> {
  const before = lab.cloud.calls.length;
  const begun = lab.time.passed;
  const ended: Activity[] = [];
  for (const end of beginAll(lab, kind, instances)) {
    void end.then((activity) => activity !== undefined && ended.push(activity));
  }
  for (let second = 0; second < 600 && ended.length < instances.length; second++) await lab.pass(1_000);
  return { ended, calls: lab.cloud.calls.slice(before), seconds: (lab.time.passed - begun) / 1_000 };
}

/** Whether AWS throttled a call. */
export function isThrottled({ error }: Call): boolean {
  return error === "Throttling" || error === "RequestLimitExceeded";
}
