/**
 * The content of the account at one moment.
 *
 * @module
 */
import type { Instance } from "./instance.ts";
import type { ApplicationBalancer, LoadBalancer, TargetGroup } from "./load_balancer.ts";
import type { SecurityGroup } from "./security_group.ts";

/** The account's resources. Every value in a snapshot is immutable. */
export interface Snapshot {
  /** By id, in order of launch. */
  readonly instances: ReadonlyMap<string, Instance>;
  /** By name. */
  readonly balancers: ReadonlyMap<string, LoadBalancer>;
  /** By id. */
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  /** By ARN. */
  readonly targetGroups: ReadonlyMap<string, TargetGroup>;
  /** By ARN. */
  readonly applicationBalancers: ReadonlyMap<string, ApplicationBalancer>;
}

/** An account without resources. */
export const EMPTY_SNAPSHOT: Snapshot = {
  instances: new Map(),
  balancers: new Map(),
  securityGroups: new Map(),
  targetGroups: new Map(),
  applicationBalancers: new Map(),
};

/**
 * Finds a pool by its key.
 *
 * @param key the name of a Classic Load Balancer or the ARN of a target group
 */
export function findPool(
  { balancers, targetGroups }: Snapshot,
  key: string,
): LoadBalancer | TargetGroup | undefined {
  return balancers.get(key) ?? targetGroups.get(key);
}

/** Returns the Application Load Balancer that forwards to a target group. */
export function balancerOfGroup(
  { applicationBalancers }: Snapshot,
  groupArn: string,
): ApplicationBalancer | undefined {
  return Array.from(applicationBalancers.values())
    .find(({ listeners }) => listeners.some(({ group }) => group === groupArn));
}
