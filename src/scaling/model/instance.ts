/**
 * An instance of the fleet as the rules see it, and its lifecycle status.
 *
 * @module
 */
import { type ActivityKind, DIRECTION } from "./activity.ts";

/** `base` and `control` instances are always on; kas starts and stops a `node`. */
export type Role = "base" | "control" | "node";

/** EC2's instance states. Source: EC2 API, InstanceState. */
export type InstanceState = "pending" | "running" | "stopping" | "stopped" | "shutting-down" | "terminated";

/**
 * An instance at the load balancer: not registered, registered but not (yet) healthy, in service, or deregistered with
 * requests in flight (Classic ELB answers InService with "Instance deregistration currently in progress.").
 */
export type Registration = "none" | "out-of-service" | "in-service" | "draining";

/** An instance of the fleet. Times are in ms since the epoch. */
export interface Instance {
  readonly id: string;
  /** The value of the Name tag. "" if there is no Name tag. */
  readonly name: string;
  readonly role: Role;
  readonly state: InstanceState;
  readonly type: string;
  readonly zone: string;
  readonly privateIp?: string;
  readonly publicDns?: string;
  /** When EC2 last started the instance. */
  readonly launched?: number;
  /** When the instance last stopped, from EC2's StateTransitionReason. */
  readonly stoppedAt?: number;
  /** Why the instance is quarantined (tag `kas:quarantine`). Absent if it is not. */
  readonly quarantine?: string;
  /** When the quarantine ends. Absent if its tag does not say so. */
  readonly quarantineUntil?: number;
  /** The name of the instance's Auto Scaling group. kas never acts on such an instance. */
  readonly autoScalingGroup?: string;
  /**
   * Why EC2 refuses to scale the instance in, to follow "EC2 refuses that:". Absent if it does not, as far as is known, and in the
   * records of versions 1 to 4 of the rules.
   */
  readonly refusesStop?: string;
  readonly registration: Registration;
  /**
   * Whether the instance has been on its way into service for longer than `--start-timeout` ({@linkcode isOverdue}). Absent if it has
   * not, and in the records of versions 1 to 4 of the rules.
   */
  readonly overdue?: true;
}

/** The port that nginx, the load balancer and the health check use for every worker. */
export const WORKER_PORT = 30000;

/** Whether an instance is quarantined. A quarantine without an end lasts until kas has seen it for long enough. */
export function isQuarantined(
  { quarantine, quarantineUntil = Infinity }: Pick<Instance, "quarantine" | "quarantineUntil">,
  now: number,
): boolean {
  return quarantine !== undefined && now < quarantineUntil;
}

/** Whether the instance runs and is InService at the load balancer. */
export function inService(instance: Instance): boolean {
  return instance.state === "running" && instance.registration === "in-service";
}

/** Whether the instance exists and EC2 is not terminating it. */
export function exists({ state }: Pick<Instance, "state">): boolean {
  return state !== "shutting-down" && state !== "terminated";
}

/**
 * An instance's part in the fleet's capacity: `in-service` and `joining` count as capacity, `leaving` is on its way out,
 * `standby` is everything else.
 */
export type LifecycleStatus = "in-service" | "joining" | "leaving" | "standby";

/**
 * The lifecycle status of an instance. An activity in progress counts as completed, as EC2 and ELB answer with a delay. An instance that
 * is overdue or quarantined does not count as joining, whatever EC2 and the load balancer still show: its place is free for another one.
 */
export function lifecycleStatus(instance: Instance, activity: ActivityKind | undefined): LifecycleStatus {
  if (!exists(instance)) return "standby";
  const direction = activity && DIRECTION[activity];
  if (direction === "in") return "leaving";
  if (inService(instance)) return "in-service";
  if (direction === "out" && instance.quarantine === undefined) return "joining";
  if (instance.registration === "draining" || instance.state === "stopping") return "leaving";
  if (instance.quarantine !== undefined || (instance.overdue && direction === undefined)) return "standby";
  if (instance.state === "pending") return "joining";
  return instance.state === "running" && instance.registration === "out-of-service" ? "joining" : "standby";
}
