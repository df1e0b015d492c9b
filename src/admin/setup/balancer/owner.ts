/**
 * Which fleet a load balancer belongs to. `kas admin setup` changes no load balancer of another fleet, whose name the environment or a
 * mistyped `--fleet` may give it.
 *
 * @module
 */
import { type BalancerRef, findBalancer, partsOf, titleOf } from "../../../aws/balancing/balancer.ts";
import { classicTags } from "../../../aws/balancing/classic_setup.ts";
import { fleetOf } from "../../../aws/balancing/setup_tags.ts";
import { tagsOf } from "../../../aws/balancing/v2/tags.ts";
import type { Aws } from "../../../aws/clients.ts";
import { TAG } from "../../../aws/ec2/ec2_instance.ts";
import { instanceTags } from "../../../aws/ec2/instances.ts";
import { isDenied, isNotFound } from "../../../aws/errors.ts";
import { UsageError } from "../../../cli/command.ts";

/**
 * Refuses a load balancer or a target group of another fleet.
 *
 * @throws {UsageError} if a tag names another fleet, or if only instances of another fleet are registered
 */
export async function refuseOthers(
  aws: Aws,
  balancer: BalancerRef,
  fleet: string,
  signal: AbortSignal,
): Promise<void> {
  for (const part of partsOf(balancer)) {
    const owner = await ownerOf(aws, part, fleet, signal);
    if (owner === undefined || owner === fleet) continue;
    const [option, what] = part.kind === "classic"
      ? ["load-balancer", "load balancer"]
      : ["target-group", "target group"];
    const variable = `KAS_${option.toUpperCase().replace("-", "_")}`;
    throw new UsageError(
      `Cannot set up fleet ${fleet} with ${titleOf(part)}, which belongs to fleet ${owner}`,
      `--${option} or ${variable} with the fleet's own ${what}, or --fleet ${owner}`,
    );
  }
}

/** Returns the fleet to which a load balancer belongs. Undefined if neither its tags nor its instances name one. */
async function ownerOf(
  aws: Aws,
  balancer: BalancerRef,
  fleet: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return fleetOf(await tagsIn(aws, balancer, signal)) ?? await userOf(aws, balancer, fleet, signal);
  } catch (error) {
    // An operator without the permission to read tags can set up a fleet too.
    if (!isNotFound(error) && !isDenied(error)) throw error;
    return undefined;
  }
}

async function tagsIn(aws: Aws, balancer: BalancerRef, signal: AbortSignal) {
  switch (balancer.kind) {
    case "classic":
      return await classicTags(aws, balancer.name, signal);
    case "target-groups":
      return await tagsOf(aws, balancer.arns[0], signal);
    case "none":
      return [];
  }
}

/**
 * Returns the other fleet whose instances are registered. Undefined if an instance of this fleet is registered too, or one whose fleet
 * is unknown: two fleets may share a load balancer.
 */
async function userOf(
  aws: Aws,
  balancer: BalancerRef,
  fleet: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { instances = [] } = await findBalancer(aws, balancer, signal) ?? {};
  const tags = await instanceTags(aws, instances);
  const owners = instances.map((id) => tags.get(id)?.[TAG.fleet]);
  return owners.includes(fleet) || owners.includes(undefined) ? undefined : owners[0];
}
