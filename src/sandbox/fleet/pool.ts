/**
 * The load balancer of the sandbox's fleet.
 *
 * @module
 */
import type { LoadBalancer, RegistrationPhase, TargetGroup } from "../account/load_balancer.ts";
import { instanceOf } from "../account/load_balancer.ts";
import { findPool, type Snapshot } from "../account/snapshot.ts";

/** The kinds of load balancer that a fleet can have. */
export const BALANCER_KINDS = ["application", "network", "classic", "none"] as const;

/** The kind of load balancer of a fleet. */
export type BalancerKind = typeof BALANCER_KINDS[number];

/**
 * Returns the key of the fleet's instances at its load balancer: the name of the Classic Load Balancer, or the ARN of the target group to
 * which the first listener forwards. Both load balancers have the name of the fleet.
 */
export function fleetPool({ balancers, v2Balancers }: Snapshot, fleet: string): string | undefined {
  if (balancers.has(fleet)) return fleet;
  return Array.from(v2Balancers.values()).find(({ name }) => name === fleet)?.listeners[0]?.group;
}

/** Returns the phase of an instance's registration with the fleet's load balancer; undefined if it is not registered. */
export function fleetRegistration(
  snapshot: Snapshot,
  fleet: string,
  id: string,
): RegistrationPhase | undefined {
  const pool: LoadBalancer | TargetGroup | undefined = findPool(snapshot, fleetPool(snapshot, fleet) ?? "");
  return Array.from(pool?.registrations ?? []).find(([registration]) => instanceOf(registration) === id)?.[1];
}
