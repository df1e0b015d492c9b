/**
 * What the rules know of an instance of the fleet, and its lifecycle status.
 *
 * @module
 */
import { type ActivityKind, DIRECTION } from "./activity.ts";

/** The roles of instances. kas starts and stops instances of the role `node`, but not `base` and `control` instances. */
export type Role = "base" | "control" | "node";

/** EC2's instance states. Source: EC2 API, InstanceState. */
export type InstanceState = "pending" | "running" | "stopping" | "stopped" | "shutting-down" | "terminated";

/**
 * The registration of an instance at the load balancer. `none`: the instance is not registered. `out-of-service`: it is
 * registered, but not healthy (yet). `in-service`: it is registered and healthy. `draining`: it is deregistered, and requests
 * are in flight. A Classic Load Balancer shows a draining instance as InService with the description "Instance deregistration
 * currently in progress."
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
  /** Why the instance is quarantined, from the tag `kas:quarantine`. Absent if it is not quarantined. */
  readonly quarantine?: string;
  /** When the quarantine ends. Absent if the tag does not say when. */
  readonly quarantineUntil?: number;
  /** The name of the instance's Auto Scaling group. kas never acts on such an instance. */
  readonly autoScalingGroup?: string;
  /**
   * Why EC2 refuses to stop or to terminate the instance. The text follows "EC2 refuses that:". Absent if kas knows of no
   * refusal, and in records of versions 1 to 4 of the rules.
   */
  readonly refusesStop?: string;
  /**
   * Set if an operator protects the instance with the tag `kas:protected`: kas does not stop or terminate it. Absent
   * otherwise, and in records of versions 1 to 5 of the rules.
   */
  readonly protected?: true;
  /**
   * When an operator stopped or deregistered the instance with `kas admin`, from the tag `kas:by-operator`. Absent if no
   * operator did so since the instance's last start, if the tag does not contain a time, and in records of versions 1 to 6 of
   * the rules.
   */
  readonly byOperator?: number;
  /**
   * Set if an operator has detached the instance for maintenance with the tag `kas:detached`: kas neither starts nor stops it, and
   * does not replace it. Absent otherwise, and in records of versions 1 to 6 of the rules.
   */
  readonly detached?: true;
  readonly registration: Registration;
  /**
   * Set if the instance has been joining for longer than `--start-timeout`, as `isOverdue` in faults/overdue.ts describes.
   * Absent otherwise, and in records of versions 1 to 4 of the rules.
   */
  readonly overdue?: true;
  /**
   * Set if the instance is registered, but does not serve as it should (R21). `failing`: it has been in service since its start,
   * and fails its health check, or EC2 reports a problem. `unhealthy`: it has been failing for longer than
   * `--unhealthy-after`, or it has been joining for too long. Absent otherwise, and in records of versions 1 to 6 of the rules.
   */
  readonly health?: "failing" | "unhealthy";
  /** Since when the instance has been failing. Absent if it is not. */
  readonly failingSince?: number;
  /** What EC2's status checks or scheduled events report, as a clause. Absent if they report no problem. */
  readonly impaired?: string;
}

/** The port of `kas worker`. On an instance, nginx listens on it. */
export const WORKER_PORT = 30000;

/** Whether an instance is quarantined now. If `quarantineUntil` is absent, the quarantine has no end. */
export function isQuarantined(
  { quarantine, quarantineUntil = Infinity }: Pick<Instance, "quarantine" | "quarantineUntil">,
  now: number,
): boolean {
  return quarantine !== undefined && now < quarantineUntil;
}

/** Whether the instance runs, and is InService at the load balancer. */
export function inService(instance: Instance): boolean {
  return instance.state === "running" && instance.registration === "in-service";
}

/** Whether the instance exists and EC2 is not terminating it. */
export function exists({ state }: Pick<Instance, "state">): boolean {
  return state !== "shutting-down" && state !== "terminated";
}

/**
 * The lifecycle statuses of instances. Instances that are `in-service`, `failing` or `joining` count as capacity. An
 * `unhealthy` instance does not. An instance that drains or stops is `leaving`. All other instances are `standby`.
 */
export type LifecycleStatus = "in-service" | "failing" | "unhealthy" | "joining" | "leaving" | "standby";

/**
 * Returns the lifecycle status of an instance. An activity in progress counts as completed, because EC2 and the load balancer
 * show changes with a delay. An overdue or quarantined instance does not count as joining, so that kas can start another
 * instance in its place.
 */
export function lifecycleStatus(instance: Instance, activity: ActivityKind | undefined): LifecycleStatus {
  if (!exists(instance)) return "standby";
  const direction = activity && DIRECTION[activity];
  if (direction === "in") return "leaving";
  if (direction === undefined && instance.health !== undefined && instance.quarantine === undefined) {
    return instance.health;
  }
  if (inService(instance)) return "in-service";
  if (direction === "out" && instance.quarantine === undefined) return "joining";
  if (instance.registration === "draining" || instance.state === "stopping") return "leaving";
  if (instance.quarantine !== undefined || (instance.overdue && direction === undefined)) return "standby";
  if (instance.state === "pending") return "joining";
  return instance.state === "running" && instance.registration === "out-of-service" ? "joining" : "standby";
}
