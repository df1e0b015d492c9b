/**
 * A simulated security group as an immutable value.
 *
 * @module
 */

/** A security group's ingress rule for the ports `from` to `to` of a protocol. The protocol `-1` means all traffic. */
export interface SecurityGroupRule {
  readonly protocol: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly cidrs: readonly string[];
  /** Ids of security groups whose members may connect. */
  readonly groups: readonly string[];
  readonly description?: string | undefined;
}

/** A simulated security group. */
export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly vpc: string;
  readonly ingress: readonly SecurityGroupRule[];
  readonly tags: Readonly<Record<string, string>>;
}
