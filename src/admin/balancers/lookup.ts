/**
 * Finds the load balancer that a command line names, and the zones for a new load balancer.
 *
 * @module
 */
import { fleetBalancer } from "../../autoscaler/flags/balancer.ts";
import {
  type Balancer,
  type BalancerRef,
  findBalancer,
  partsOf,
  titleOf,
} from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Hint } from "../../cli/command_line.ts";
import { ExitError } from "../../cli/command.ts";
import type { AccountFlags } from "../account.ts";

/** Returns the fleet's target group or groups with the given name or ARN, else the Classic Load Balancer with the given name. */
export function namedBalancer(given: string, flags: AccountFlags): BalancerRef {
  const fleets = fleetBalancer(flags);
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
  if (found === undefined) throw new ExitError(`There is no ${titleOf(balancer)}`, 4, "kas admin balancers");
  return found;
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
