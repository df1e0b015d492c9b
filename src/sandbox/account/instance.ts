/**
 * An EC2 instance as an immutable value.
 *
 * @module
 */

/** EC2's instance states. */
export type StateName = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

/** An EC2 instance. Times are ms since the epoch. */
export interface Instance {
  readonly id: string;
  readonly reservation: string;
  /** The private IP address, which never changes. It is the public address as well while the instance runs. */
  readonly address: string;
  readonly zone: string;
  readonly type: string;
  readonly image: string;
  readonly keyName: string | undefined;
  readonly subnet: string | undefined;
  readonly securityGroups: readonly string[];
  /** Base64. */
  readonly userData: string | undefined;
  readonly clientToken: string | undefined;
  /** Index of the instance in its reservation, from 0. */
  readonly launchIndex: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: StateName;
  /** Time of the latest start. */
  readonly launchedAt: number;
  /** Whether the instance has reached the running state at least once. */
  readonly hasRun: boolean;
  /** `User initiated (2026-01-01 00:00:00 GMT)` after a stop or termination; "" since the latest start. */
  readonly transitionReason: string;
  /** EC2's StateReason; undefined since the latest start. */
  readonly stateReason: { readonly code: string; readonly message: string } | undefined;
  readonly detailedMonitoring: boolean;
}
