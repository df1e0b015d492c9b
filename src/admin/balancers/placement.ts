/**
 * Where the load balancer of a fleet has to be: in the VPC and in the zones of the fleet's instances.
 *
 * @module
 */
import type { Placement } from "../../aws/balancing/classic_setup.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { isDefaultVpc } from "../../aws/ec2/network/vpcs.ts";
import { ExitError } from "../../cli/command.ts";
import { exists } from "../../scaling/model/instance.ts";

/**
 * The VPC of a fleet. Undefined if EC2 lists none.
 *
 * @throws {ExitError} 1 if the instances are in several VPCs
 */
export function vpcOf(instances: readonly Ec2Instance[], fleet: string): string | undefined {
  const placed = instances.filter((instance) => exists(instance) && instance.vpc !== undefined);
  const byVpc = [...Map.groupBy(placed, ({ vpc }) => vpc)];
  if (byVpc.length > 1) {
    const vpcs = byVpc.map(([vpc, [first, ...others]]) =>
      `${vpc} (${first?.id}${others.length === 0 ? "" : ` and ${others.length} more`})`
    );
    throw new ExitError(
      `Cannot set up fleet ${fleet}: a load balancer is in one VPC, and the instances are in ${
        vpcs.join(" and ")
      }`,
      1,
      "give the instances of each VPC the tag kas:fleet of a fleet of their own",
    );
  }
  return byVpc[0]?.[0];
}

/**
 * The placement of a load balancer in some zones of a fleet: by zones in the default VPC, otherwise by the subnets and the security
 * groups of the instances. ELB then counts as a member of the groups, so that a group that admits its own members admits it.
 */
export async function placementIn(
  aws: Aws,
  instances: readonly Ec2Instance[],
  fleet: string,
  zones: readonly string[],
  signal: AbortSignal,
): Promise<Placement> {
  const vpc = vpcOf(instances, fleet);
  if (vpc === undefined || await isDefaultVpc(aws, vpc, signal)) return { zones };
  const placed = instances.filter((instance) => exists(instance) && instance.subnet !== undefined);
  const subnets = zones.flatMap((wanted) => placed.find(({ zone }) => zone === wanted)?.subnet ?? []);
  const model = placed.find(({ role }) => role === "base") ?? placed[0];
  return { subnets, securityGroups: model?.securityGroups ?? [] };
}
