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

/** The port every worker is reached at from outside its instance: nginx's, the load balancer's, the health check's. */
export const WORKER_PORT = 30000;

/** Running, healthy, registered, and InService at the load balancer. */
export function inService(instance: Instance): boolean {
  return instance.state === "running" && instance.registration === "in-service";
}
