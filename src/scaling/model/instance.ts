/**
 * The fleet as the rules see it: instances, their roles, and which of them may be started or stopped next.
 *
 * @module
 */

/** What an instance is for: `base` and `control` are always on, a `node` is what scaling starts and stops. */
export type Role = "base" | "control" | "node";

/** EC2's instance states. Source: EC2 API, InstanceState. */
export type InstanceState = "pending" | "running" | "stopping" | "stopped" | "shutting-down" | "terminated";

/**
 * An instance at the load balancer: not registered, registered but not (yet) healthy, in service, or deregistered with
 * requests still under way (Classic ELB says InService with "Instance deregistration currently in progress.").
 */
export type Registration = "none" | "out-of-service" | "in-service" | "draining";

/** An instance of the fleet. Times are ms since the epoch. */
export interface Instance {
  readonly id: string;
  /** The Name tag, "" without one. */
  readonly name: string;
  readonly role: Role;
  readonly state: InstanceState;
  readonly type: string;
  readonly zone: string;
  readonly privateIp?: string;
  readonly publicDns?: string;
  /** When it was last started. */
  readonly launched?: number;
  /** When it was last stopped, from EC2's StateTransitionReason. */
  readonly stoppedAt?: number;
  /** Why it is left out of scaling (tag `kas:quarantine`). */
  readonly quarantine?: string;
  /** The Auto Scaling group it belongs to; kas never touches such an instance. */
  readonly autoScalingGroup?: string;
  readonly registration: Registration;
}

/** What may be under way with an instance: its way in (R9), or its way out (R10). */
export type ActivityKind = "start" | "launch" | "stop" | "terminate";

/** Which way an activity scales. */
export const DIRECTION = {
  start: "out",
  launch: "out",
  stop: "in",
  terminate: "in",
} as const satisfies Record<ActivityKind, "out" | "in">;

/** What becomes of an instance, in words. */
const BEING: Readonly<Record<ActivityKind, string>> = {
  start: "it is being started",
  launch: "it is being launched",
  stop: "it is being stopped",
  terminate: "it is being terminated",
};

/** Tells what is under way with an instance, by its id. */
export type ActivityOf = (id: string) => ActivityKind | undefined;

/** The port every worker is reached at from outside its instance: nginx's, the load balancer's, the health check's. */
export const WORKER_PORT = 30000;

/** Running, healthy, registered, and InService at the load balancer. */
export function inService(instance: Instance): boolean {
  return instance.state === "running" && instance.registration === "in-service";
}

/** There, and not on its way to being terminated. */
export function exists({ state }: Pick<Instance, "state">): boolean {
  return state !== "shutting-down" && state !== "terminated";
}

/**
 * Where an instance stands once what is under way has ended: `serving` is in service and stays so, `coming` is on the way
 * to it, `leaving` is on the way out, `off` is neither.
 */
export type LifecycleStatus = "serving" | "coming" | "leaving" | "off";

/** Where an instance stands; what is under way counts as done, for EC2's and ELB's answers lag behind it. */
export function lifecycleStatus(instance: Instance, activity: ActivityKind | undefined): LifecycleStatus {
  if (!exists(instance)) return "off";
  const way = activity && DIRECTION[activity];
  if (way === "in") return "leaving";
  if (inService(instance)) return "serving";
  if (way === "out") return "coming";
  if (instance.registration === "draining" || instance.state === "stopping") return "leaving";
  if (instance.state === "pending") return "coming";
  return instance.state === "running" && instance.registration === "out-of-service" ? "coming" : "off";
}

/** Why scaling leaves an instance alone whatever its state, undefined if it doesn't. */
export function whyExempt({ role, quarantine, autoScalingGroup }: Instance): string | undefined {
  if (role !== "node") return `a ${role} instance is always on`;
  if (autoScalingGroup !== undefined) return `it belongs to the Auto Scaling group ${autoScalingGroup}`;
  if (quarantine !== undefined) return `it is in quarantine: ${quarantine}`;
  return undefined;
}

/** How an instance can get into service: taken back while it drains, started, or started once it has stopped. */
export type StartMethod = "take-back" | "start" | "wait";

/** The ways in, the quickest first: R7's first criterion. */
const WAYS_IN: readonly StartMethod[] = ["take-back", "start", "wait"];

/** How an instance can get into service, or why scaling does not start it. */
export function startMethod(
  instance: Instance,
  activity: ActivityKind | undefined,
): { readonly way: StartMethod } | { readonly why: string } {
  const why = whyExempt(instance);
  if (why !== undefined) return { why };
  if (activity !== undefined && DIRECTION[activity] === "out") return { why: BEING[activity] };
  const { state, registration } = instance;
  switch (state) {
    case "stopped":
      return { way: "start" };
    case "stopping":
      return { way: "wait" };
    case "running":
      if (registration === "draining") return { way: "take-back" };
      if (activity !== undefined && registration === "in-service") return { way: "take-back" };
      if (activity === "stop") return { way: "wait" };
      if (activity !== undefined) return { why: BEING[activity] };
      return { why: `it is running (${registration})` };
    case "pending":
    case "shutting-down":
    case "terminated":
      return { why: `it is ${state}` };
    default:
      return state satisfies never;
  }
}

/** Why an instance may not be stopped, undefined if it may. */
export function whyNotStoppable(instance: Instance, activity: ActivityKind | undefined): string | undefined {
  const why = whyExempt(instance);
  if (why !== undefined) return why;
  if (activity !== undefined) return BEING[activity];
  return instance.state === "running" ? undefined : `it is ${instance.state}`;
}

/** Instances by zone, counting those that are in service or on the way to it. */
export function zoneCounts(
  instances: readonly Instance[],
  activityOf: ActivityOf,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const instance of instances) {
    const place = lifecycleStatus(instance, activityOf(instance.id));
    if (place !== "serving" && place !== "coming") continue;
    counts.set(instance.zone, (counts.get(instance.zone) ?? 0) + 1);
  }
  return counts;
}

/**
 * R7: the instances that may be started, the one to start first: a draining one, else the emptiest zone's, else the one
 * stopped longest (of unknown time last), else by id; those still stopping come last.
 */
export function startCandidates(
  instances: readonly Instance[],
  activityOf: ActivityOf,
): readonly { readonly instance: Instance; readonly way: StartMethod }[] {
  const counts = zoneCounts(instances, activityOf);
  return instances
    .flatMap((instance) => {
      const found = startMethod(instance, activityOf(instance.id));
      return "way" in found ? [{ instance, way: found.way }] : [];
    })
    .sort((a, b) =>
      WAYS_IN.indexOf(a.way) - WAYS_IN.indexOf(b.way) ||
      (counts.get(a.instance.zone) ?? 0) - (counts.get(b.instance.zone) ?? 0) ||
      ascending(a.instance.stoppedAt, b.instance.stoppedAt) ||
      byId(a.instance, b.instance)
    );
}

/** R8: the in-service instances that may be stopped, the one to stop first: the fullest zone's, the latest started, by id. */
export function stopCandidates(instances: readonly Instance[], activityOf: ActivityOf): readonly Instance[] {
  const counts = zoneCounts(instances, activityOf);
  return instances
    .filter((instance) =>
      inService(instance) && whyNotStoppable(instance, activityOf(instance.id)) === undefined
    )
    .sort((a, b) =>
      (counts.get(b.zone) ?? 0) - (counts.get(a.zone) ?? 0) ||
      ascending(negated(a.launched), negated(b.launched)) ||
      byId(a, b)
    );
}

/** Orders times, an unknown one last. */
function ascending(a: number | undefined, b: number | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a - b;
}

function negated(time: number | undefined): number | undefined {
  return time === undefined ? undefined : -time;
}

/** By code unit, as a locale's order differs between machines (R16). */
function byId(a: Instance, b: Instance): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
