/**
 * All resources of the simulated account at one moment.
 *
 * @module
 */
import type { Instance } from "./instance.ts";
import type { ApplicationBalancer, LoadBalancer, TargetGroup } from "./load_balancer.ts";
import type { SecurityGroup } from "./security_group.ts";

/** The account's resources at one moment. Every value in a snapshot is immutable. */
export interface Snapshot {
  /** Instances by id, in order of launch. */
  readonly instances: ReadonlyMap<string, Instance>;
  /** Classic Load Balancers by name. */
  readonly balancers: ReadonlyMap<string, LoadBalancer>;
  /** Security groups by id. */
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  /** Target groups by ARN. */
  readonly targetGroups: ReadonlyMap<string, TargetGroup>;
  /** Application Load Balancers by ARN. */
  readonly applicationBalancers: ReadonlyMap<string, ApplicationBalancer>;
}

/** The snapshot of an account without resources. */
export const EMPTY_SNAPSHOT: Snapshot = {
  instances: new Map(),
  balancers: new Map(),
  securityGroups: new Map(),
  targetGroups: new Map(),
  applicationBalancers: new Map(),
};

/**
 * Finds a Classic Load Balancer or a target group.
 *
 * @param key the name of a Classic Load Balancer or the ARN of a target group
 */
export function findPool(
  { balancers, targetGroups }: Snapshot,
  key: string,
): LoadBalancer | TargetGroup | undefined {
  return balancers.get(key) ?? targetGroups.get(key);
}

/** Returns the Application Load Balancer that forwards requests to a target group. */
export function balancerOfGroup(
  { applicationBalancers }: Snapshot,
  groupArn: string,
): ApplicationBalancer | undefined {
  return Array.from(applicationBalancers.values())
    .find(({ listeners }) => listeners.some(({ group }) => group === groupArn));
}
