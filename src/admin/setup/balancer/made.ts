/**
 * The load balancer of a fleet that `kas admin setup` has created, with its target group and security group. Setup finds them by the
 * fleet's name and by their tags.
 *
 * @module
 */
import { findLoadBalancer, type LoadBalancer } from "../../../aws/balancing/v2/load_balancers.ts";
import { findGroup, type Group } from "../../../aws/balancing/v2/target_groups.ts";
import type { Aws } from "../../../aws/clients.ts";
import { type BalancerGroup, groupsNamed } from "../../../aws/ec2/network/balancer_groups.ts";
import { awaitAll } from "../../../aws/many/await_all.ts";

/** What setup has created for a fleet. */
export interface Made {
  readonly loadBalancer: LoadBalancer | undefined;
  readonly targetGroup: Group | undefined;
  /** The security groups, at most one in each VPC. */
  readonly securityGroups: readonly BalancerGroup[];
  /** Resources that have a name that setup would use, but not the tags of setup. Each has a title such as `target group web`. */
  readonly foreign: readonly string[];
}

/** Returns the name of the security group of a fleet's load balancer. */
export function securityGroupName(fleet: string): string {
  return `kas-${fleet}-balancer`;
}

/**
 * Whether a load balancer and a target group can have the name. Source: elbv2 API, CreateLoadBalancer and CreateTargetGroup, Name.
 */
export function isBalancerName(name: string): boolean {
  return /^(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(name);
}

/** Finds the target group that setup has created for a fleet. */
export async function findMadeGroup(
  aws: Aws,
  fleet: string,
  signal: AbortSignal,
): Promise<Group | undefined> {
  const group = isBalancerName(fleet) ? await findGroup(aws, fleet, fleet, signal) : undefined;
  return group?.ofSetup ? group : undefined;
}

/** Finds what setup has created for a fleet. */
export async function findMade(aws: Aws, fleet: string, signal: AbortSignal): Promise<Made> {
  const isName = isBalancerName(fleet);
  const [loadBalancer, targetGroup, securityGroups] = await awaitAll([
    isName ? findLoadBalancer(aws, fleet, fleet, signal) : Promise.resolve(undefined),
    isName ? findGroup(aws, fleet, fleet, signal) : Promise.resolve(undefined),
    groupsNamed(aws, securityGroupName(fleet), fleet, signal),
  ]);
  return {
    loadBalancer: loadBalancer?.ofSetup ? loadBalancer : undefined,
    targetGroup: targetGroup?.ofSetup ? targetGroup : undefined,
    securityGroups: securityGroups.filter(({ ofSetup }) => ofSetup),
    foreign: [
      ...(loadBalancer?.ofSetup === false ? [`load balancer ${loadBalancer.name}`] : []),
      ...(targetGroup?.ofSetup === false ? [`target group ${targetGroup.name}`] : []),
      ...securityGroups.filter(({ ofSetup }) => !ofSetup).map(({ name, id }) =>
        `security group ${name} (${id})`
      ),
    ],
  };
}
