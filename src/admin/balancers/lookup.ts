/**
 * Finds the load balancer that a command line names, and the zones for a new load balancer.
 *
 * @module
 */
import { fleetBalancer } from "../../autoscaler/flags/balancer.ts";
import {
  type Balancer,
  type BalancerRef,
  balancerRef,
  type BalancerSettings,
  findBalancer,
  partsOf,
  titleOf,
} from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { isDenied } from "../../aws/errors.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Hint } from "../../cli/command_line.ts";
import { ExitError } from "../../cli/command.ts";
import { findMadeGroup, isBalancerName } from "../setup/balancer/made.ts";
import { CREATE_GROUP } from "../setup/balancer/options.ts";

/**
 * Returns the fleet's load balancer: the one that the flags name, else the Classic Load Balancer with the fleet's name, else the target
 * group that `kas admin setup` has created for the fleet. So an operator needs no `KAS_TARGET_GROUP` after a setup.
 *
 * @throws {UsageError} if the flags want an Application or Network Load Balancer, name no target group, and setup has created none
 */
export async function fleetsBalancer(
  aws: Aws,
  flags: BalancerSettings,
  signal: AbortSignal,
): Promise<BalancerRef> {
  const { fleet, balancer: kind, loadBalancer, targetGroup = [] } = flags;
  const isNamed = loadBalancer !== undefined || targetGroup.length > 0 || kind === "classic" ||
    kind === "none";
  if (isNamed || !isBalancerName(fleet)) return fleetBalancer(flags);
  const classic = { kind: "classic", name: fleet } as const;
  try {
    if (kind === undefined && await findBalancer(aws, classic, signal) !== undefined) return classic;
    const made = await findMadeGroup(aws, fleet, signal);
    if (made !== undefined) return balancerRef({ fleet, targetGroup: [made.arn] });
  } catch (error) {
    if (!isDenied(error)) throw error;
  }
  return fleetBalancer(flags);
}

/** Returns the fleet's target group or groups with the given name or ARN, else the Classic Load Balancer with the given name. */
export async function namedBalancer(
  aws: Aws,
  given: string,
  flags: BalancerSettings,
  signal: AbortSignal,
): Promise<BalancerRef> {
  const fleets = await fleetsBalancer(aws, flags, signal);
  const found = [fleets, ...partsOf(fleets)].find((ref) =>
    ref.kind === "target-groups" && (ref.name === given || String(ref.arns) === given)
  );
  return found ?? { kind: "classic", name: given };
}

/**
 * Returns the current state of a load balancer or target group.
 *
 * @throws {ExitError} with status 4 if the load balancer does not exist
 */
export async function existingBalancer(
  aws: Aws,
  balancer: BalancerRef,
  signal: AbortSignal,
): Promise<Balancer> {
  if (balancer.kind === "none") {
    throw new ExitError("The fleet has no load balancer (--balancer none)", 4, "--balancer of another kind");
  }
  const found = await findBalancer(aws, balancer, signal);
  if (found === undefined) throw missing(balancer);
  return found;
}

/** Returns the error that a load balancer or target group does not exist. */
export function missing(balancer: BalancerRef): ExitError {
  const hint = balancer.kind === "target-groups" ? CREATE_GROUP : "kas admin balancers";
  return new ExitError(`There is no ${titleOf(balancer)}`, 4, hint);
}

/**
 * Returns the Availability Zones of a fleet's instances.
 *
 * @throws {ExitError} with status 4 and the hint, if the fleet has no instances
 */
export function zonesOf(instances: Iterable<Ec2Instance>, fleet: string, hint: Hint): string[] {
  const zones = new Set(Array.from(instances, ({ zone }) => zone));
  if (zones.size === 0) {
    throw new ExitError(
      `Cannot choose availability zones for a load balancer: fleet ${fleet} has no instances. EC2 shows ` +
        "an instance some seconds after its creation",
      4,
      hint,
    );
  }
  return [...zones].sort();
}
