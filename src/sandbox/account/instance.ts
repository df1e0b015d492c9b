/**
 * A simulated EC2 instance as an immutable value.
 *
 * @module
 */

/** Names of EC2's instance states. */
export type StateName = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

/** A simulated EC2 instance. All times are in ms since the epoch. */
export interface Instance {
  readonly id: string;
  readonly reservation: string;
  /** The private IP address, which never changes. While the instance runs, its public address is the same. */
  readonly address: string;
  readonly zone: string;
  readonly type: string;
  readonly image: string;
  readonly keyName: string | undefined;
  readonly subnet: string | undefined;
  readonly securityGroups: readonly string[];
  /** The user data, encoded as base64. */
  readonly userData: string | undefined;
  readonly clientToken: string | undefined;
  /** Index of the instance in its reservation, from 0. */
  readonly launchIndex: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: StateName;
  /** Time of the instance's latest start. */
  readonly launchedAt: number;
  /** Whether the instance has reached the running state at least once. */
  readonly hasRun: boolean;
  /**
   * EC2's StateTransitionReason: `User initiated (2026-01-01 00:00:00 GMT)` after a stop or termination. A start of
   * the instance resets the reason to an empty text.
   */
  readonly transitionReason: string;
  /** EC2's StateReason of the latest stop or termination. A start of the instance resets the reason to undefined. */
  readonly stateReason: { readonly code: string; readonly message: string } | undefined;
  /** Since when the instance fails EC2's status checks. A stop ends the failure. */
  readonly impairedSince?: number | undefined;
  /** The end that EC2 has scheduled for the instance. */
  readonly retirement?: Retirement | undefined;
  readonly detailedMonitoring: boolean;
  /** The number of vCPUs. Default: 1. */
  readonly vcpus?: number;
  /** The credit option of a T instance; undefined for the default of its type. */
  readonly cpuCredits?: "standard" | "unlimited";
  /** The kind of Spot request that launched the instance. Undefined for an On-Demand instance. */
  readonly spotRequest: "one-time" | "persistent" | undefined;
  readonly rootDevice: "ebs" | "instance-store";
}

/** A scheduled event that ends an instance. */
export interface Retirement {
  /** Time of the end. */
  readonly at: number;
  /** Whether the event is over, because the instance has stopped. EC2 then lists the event for some more time. */
  readonly completed: boolean;
}
