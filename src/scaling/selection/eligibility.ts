/**
 * Whether kas may start or stop an instance, and how it can start it.
 *
 * @module
 */
import { type ActivityKind, DIRECTION } from "../model/activity.ts";
import type { Instance } from "../model/instance.ts";
import { iso } from "../words.ts";

/** How a reason describes an activity in progress. */
const IN_PROGRESS: Readonly<Record<ActivityKind, string>> = {
  start: "it is being started",
  launch: "it is being launched",
  stop: "it is being stopped",
  terminate: "it is being terminated",
};

/** Returns why kas does not start or stop an instance, whatever its state. Undefined if kas may. */
export function whyExempt(
  { role, quarantine, quarantineUntil, autoScalingGroup, detached }: Instance,
): string | undefined {
  if (role !== "node") return `a ${role} instance is always on`;
  if (autoScalingGroup !== undefined) return `it belongs to the Auto Scaling group ${autoScalingGroup}`;
  if (quarantine !== undefined) {
    const until = quarantineUntil === undefined ? "" : ` until ${iso(quarantineUntil)}`;
    return `it is in quarantine${until}: ${quarantine}`;
  }
  if (detached) return "it is detached for maintenance";
  return undefined;
}

/**
 * How kas can put an instance into service. `take-back`: kas registers a draining instance again. `start`: kas starts a
 * stopped instance. `wait`: kas waits until a stopping instance has stopped, and then starts it.
 */
export type StartMethod = "take-back" | "start" | "wait";

/** The methods in the order of preference, the quickest first. */
export const START_METHODS: readonly StartMethod[] = ["take-back", "start", "wait"];

/** Returns how kas can put an instance into service, or why kas does not start it. */
export function startMethod(
  instance: Instance,
  activity: ActivityKind | undefined,
): { readonly method: StartMethod } | { readonly why: string } {
  const why = whyExempt(instance);
  if (why !== undefined) return { why };
  if (activity !== undefined && DIRECTION[activity] === "out") return { why: IN_PROGRESS[activity] };
  const { state, registration } = instance;
  switch (state) {
    case "stopped":
      return { method: "start" };
    case "stopping":
      return { method: "wait" };
    case "running":
      if (registration === "draining") return { method: "take-back" };
      if (activity !== undefined && registration === "in-service") return { method: "take-back" };
      if (activity === "stop") return { method: "wait" };
      if (activity !== undefined) return { why: IN_PROGRESS[activity] };
      return { why: `it is running (${registration})` };
    case "pending":
    case "shutting-down":
    case "terminated":
      return { why: `it is ${state}` };
    default:
      return state satisfies never;
  }
}

/** Returns why kas may not stop an instance. Undefined if kas may. */
export function whyNotStoppable(instance: Instance, activity: ActivityKind | undefined): string | undefined {
  const why = whyExempt(instance);
  if (why !== undefined) return why;
  if (activity !== undefined) return IN_PROGRESS[activity];
  if (instance.protected) return "it is protected";
  if (instance.refusesStop !== undefined) return `EC2 refuses that: ${instance.refusesStop}`;
  return instance.state === "running" ? undefined : `it is ${instance.state}`;
}
