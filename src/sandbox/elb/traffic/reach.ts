/**
 * Which instances a load balancer can reach, by the ingress rules of their security groups.
 *
 * @module
 */
import type { LoadBalancer, TargetGroup } from "../../account/load_balancer.ts";
import type { Instance } from "../../account/instance.ts";
import type { SecurityGroupRule } from "../../account/security_group.ts";
import { balancerOfGroup, type Snapshot } from "../../account/snapshot.ts";

/**
 * Returns whether the security groups of an instance admit a load balancer on a port. All addresses of the sandbox are on this
 * host, so that a rule for a network admits every load balancer.
 */
export function reaches(
  snapshot: Snapshot,
  pool: LoadBalancer | TargetGroup,
  instance: Instance,
  port: number,
): boolean {
  const balancer = "arn" in pool ? balancerOfGroup(snapshot, pool.arn) : pool;
  const sources = balancer?.securityGroups ?? [];
  return admits(snapshot, instance.securityGroups, port, sources);
}

/** Returns whether the security groups of a load balancer admit clients on the port of a listener. */
export function admitsClients(snapshot: Snapshot, securityGroups: readonly string[], port: number): boolean {
  return securityGroups.length === 0 || admits(snapshot, securityGroups, port, []);
}

/** Returns whether security groups admit a sender, who is a member of the groups `sources`, on a port. */
function admits(
  snapshot: Snapshot,
  securityGroups: readonly string[],
  port: number,
  sources: readonly string[],
): boolean {
  const isAdmitted = ({ protocol, from = 0, to = 65_535, cidrs, groups }: SecurityGroupRule) =>
    (protocol === "-1" || (protocol === "tcp" && from <= port && port <= to)) &&
    (cidrs.length > 0 || groups.some((group) => sources.includes(group)));
  return securityGroups.some((group) =>
    snapshot.securityGroups.get(group)?.ingress.some(isAdmitted) ?? false
  );
}
