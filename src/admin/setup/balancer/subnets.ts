/**
 * Chooses the subnets of a load balancer, one in each zone.
 *
 * @module
 */
import type { BalancerType } from "../../../aws/balancing/v2/load_balancers.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { findSubnets, type Subnet, subnetsOf } from "../../../aws/ec2/network/subnets.ts";
import { defaultVpc } from "../../../aws/ec2/network/vpcs.ts";
import { ExitError } from "../../../cli/command.ts";
import { exists } from "../../../scaling/model/instance.ts";
import { vpcOf } from "../../balancers/placement.ts";

/** The number of zones that a load balancer needs. Source: elbv2 API, CreateLoadBalancer, Subnets. */
const ZONES = { application: 2, network: 1 } as const;

const CHOOSE = "give --subnets ID,ID…: aws ec2 describe-subnets lists them";

/** What the choice of subnets depends on. */
export interface SubnetRequest {
  readonly fleet: string;
  readonly type: BalancerType;
  /** The ids that the operator gives. Empty: kas chooses. */
  readonly given: readonly string[];
  readonly instances: readonly Ec2Instance[];
  /** The subnets and the zones of the load balancer, if it exists. The load balancer keeps them. */
  readonly current: {
    readonly vpc: string;
    readonly zones: readonly string[];
    readonly subnets: readonly string[];
  } | undefined;
}

/** Where a load balancer is. */
export interface Site {
  readonly vpc: string;
  /** The subnets that the load balancer shall have, each in another zone. */
  readonly subnets: readonly string[];
  /** The zones of the subnets that an existing load balancer does not have yet. */
  readonly newZones: readonly string[];
}

/**
 * Returns the VPC and the subnets of a load balancer.
 *
 * @throws {ExitError} with status 4 if a subnet or a VPC does not exist; with status 1 if kas cannot choose
 */
export async function siteOf(aws: Aws, request: SubnetRequest, signal: AbortSignal): Promise<Site> {
  const { fleet, type, given, instances, current } = request;
  const instancesVpc = vpcOf(instances, fleet);
  if (current !== undefined && (instancesVpc ?? current.vpc) !== current.vpc) {
    throw new ExitError(
      `Cannot use load balancer ${fleet}: it is in ${current.vpc}, and the instances are in ${instancesVpc}`,
      1,
      "kas admin teardown, then kas admin setup again",
    );
  }
  const needed = new Set(instances.filter(exists).map(({ zone }) => zone));
  const kept = new Set(current?.zones);
  if (current !== undefined && given.length === 0 && needed.isSubsetOf(kept)) {
    return { ...current, newZones: [] };
  }
  const vpc = instancesVpc ?? current?.vpc;
  const candidates = given.length > 0
    ? await givenSubnets(aws, given, vpc, signal)
    : choices(await subnetsOf(aws, vpc ?? await existingDefaultVpc(aws, signal), signal));
  const byZone = new Map(candidates.map((subnet) => [subnet.zone, subnet]));
  // An existing load balancer gets only the subnets that the operator gives, or that the instances need.
  const added = [...byZone.values()].filter(({ zone }) =>
    !kept.has(zone) && (current === undefined || given.length > 0 || needed.has(zone))
  );
  const zones = new Set([...kept, ...added.map(({ zone }) => zone)]);
  const missing = [...needed.difference(zones)].sort();
  if (missing.length > 0) {
    throw new ExitError(
      `Cannot choose subnets: instances of fleet ${fleet} are in ${missing.join(", ")}, ` +
        `and ${given.length > 0 ? "--subnets has" : "the VPC has"} no public subnet there`,
      1,
      CHOOSE,
    );
  }
  if (zones.size < ZONES[type]) {
    throw new ExitError(
      `Cannot choose subnets: a load balancer of type ${type} needs subnets in ${
        ZONES[type]
      } zones, and there are ${zones.size}`,
      1,
      CHOOSE,
    );
  }
  return {
    vpc: current?.vpc ?? added[0]?.vpc ?? "",
    subnets: [...current?.subnets ?? [], ...added.map(({ id }) => id)],
    newZones: added.map(({ zone }) => zone),
  };
}

async function existingDefaultVpc(aws: Aws, signal: AbortSignal): Promise<string> {
  const vpc = await defaultVpc(aws, signal);
  if (vpc !== undefined) return vpc;
  throw new ExitError(
    "Cannot choose subnets: the region has no default VPC, and the fleet has no instances",
    4,
    CHOOSE,
  );
}

/** Finds the subnets that the operator gives. */
async function givenSubnets(
  aws: Aws,
  ids: readonly string[],
  vpc: string | undefined,
  signal: AbortSignal,
): Promise<readonly Subnet[]> {
  const found = await findSubnets(aws, ids, signal);
  const unknown = ids.filter((id) => !found.some((subnet) => subnet.id === id));
  if (unknown.length > 0) {
    throw new ExitError(`There is no subnet ${unknown.join(", ")}`, 4, "aws ec2 describe-subnets");
  }
  const vpcs = new Set([...found.map((subnet) => subnet.vpc), ...(vpc === undefined ? [] : [vpc])]);
  if (vpcs.size > 1) {
    throw new ExitError(
      `Cannot use subnets ${ids.join(", ")}: they and the instances must be in one VPC, and they are in ${
        [...vpcs].join(", ")
      }`,
      1,
      CHOOSE,
    );
  }
  const twice = [...Map.groupBy(found, ({ zone }) => zone)].find(([, subnets]) => subnets.length > 1);
  if (twice !== undefined) {
    const [zone, subnets] = twice;
    throw new ExitError(
      `Cannot use subnets ${
        subnets.map(({ id }) => id).join(" and ")
      }: both are in ${zone}, and a load balancer has one per zone`,
      1,
      CHOOSE,
    );
  }
  return found;
}

/**
 * Returns a subnet for each zone of a VPC. In the default VPC, these are the default subnets. Elsewhere kas takes only subnets that
 * are public, because a load balancer in a private subnet does not answer.
 *
 * @throws {ExitError} if the VPC has no such subnet
 */
export function choices(subnets: readonly Subnet[]): Subnet[] {
  const regular = subnets.filter(({ zone }) => isRegularZone(zone));
  const usable = regular.some(({ isDefault }) => isDefault)
    ? regular.filter(({ isDefault, isPublic }) => isDefault || isPublic)
    : regular.filter(({ isPublic }) => isPublic);
  const byZone = Map.groupBy(usable, ({ zone }) => zone);
  const chosen = Array.from(byZone.values(), (all) => all.find(({ isDefault }) => isDefault) ?? all[0])
    .filter((subnet) => subnet !== undefined);
  if (chosen.length > 0) return chosen.sort((a, b) => a.zone < b.zone ? -1 : 1);
  throw new ExitError(
    `Cannot choose subnets: no subnet of ${
      subnets[0]?.vpc ?? "the VPC"
    } gives its instances public addresses, ` +
      "so that kas does not know which subnets are public",
    1,
    CHOOSE,
  );
}

/** Whether a zone is an Availability Zone. Local and Wavelength Zones have other names, such as `us-west-2-lax-1a`. */
function isRegularZone(zone: string): boolean {
  return /^[a-z]+(-[a-z]+)+-\d+[a-z]$/.test(zone);
}
