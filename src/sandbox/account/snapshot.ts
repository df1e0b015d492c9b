/**
 * All resources of the simulated account at one moment.
 *
 * @module
 */
import type { Instance } from "./instance.ts";
import type { LoadBalancer, TargetGroup, V2Balancer } from "./load_balancer.ts";
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
  /** Application and Network Load Balancers by ARN. */
  readonly v2Balancers: ReadonlyMap<string, V2Balancer>;
  /** The resources that deleted load balancers still use, by the ARN or name of the load balancer. */
  readonly lingering: ReadonlyMap<string, Lingering>;
}

/** What a deleted load balancer still uses, until AWS has removed its network interfaces and listeners. */
export interface Lingering {
  /** Ids of security groups. */
  readonly securityGroups: readonly string[];
  /** ARNs of target groups. */
  readonly targetGroups: readonly string[];
}

/** The snapshot of an account without resources. */
export const EMPTY_SNAPSHOT: Snapshot = {
  instances: new Map(),
  balancers: new Map(),
  securityGroups: new Map(),
  targetGroups: new Map(),
  v2Balancers: new Map(),
  lingering: new Map(),
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

/** Returns the load balancer that forwards requests to a target group. */
export function balancerOfGroup({ v2Balancers }: Snapshot, groupArn: string): V2Balancer | undefined {
  return Array.from(v2Balancers.values())
    .find(({ listeners }) => listeners.some(({ group }) => group === groupArn));
}
