/**
 * The availability zones of the region, and their subnets in two VPCs.
 *
 * @module
 */
import { ACCOUNT_ID, AwsError, type Service, type Shape } from "../wire/action.ts";
import { texts } from "../wire/input.ts";
import { applyFilters, pageOf } from "./filters.ts";

/** Returns the names of a region's two simulated availability zones. */
export function zones(region: string): readonly [string, string] {
  return [`${region}a`, `${region}b`];
}

/** The ids of the region's default VPC, and of another VPC. */
export const VPC = "vpc-00000000000000001";
export const OTHER_VPC = "vpc-00000000000000002";

/** Returns the id of the subnet that a zone has in a VPC. The subnets of the other VPC begin with `subnet-1`. */
export function subnetOf(zone: string, vpc: string = VPC): string {
  const number = (zone.charCodeAt(zone.length - 1) - 96).toString(16);
  return `subnet-${vpc === VPC ? "0" : "1"}${number.padStart(16, "0")}`;
}

/** Returns the VPC of a subnet. */
export function vpcOf(subnet: string | undefined): string {
  return subnet?.startsWith("subnet-1") ? OTHER_VPC : VPC;
}

/** Returns the zone of a subnet in a region; undefined if the subnet does not exist. */
export function zoneOf(region: string, subnet: string): string | undefined {
  return zones(region).find((zone) => [VPC, OTHER_VPC].some((vpc) => subnetOf(zone, vpc) === subnet));
}

/** Returns EC2's error for a zone that does not exist in the region. */
export function invalidZone(zone: string): AwsError {
  return new AwsError("InvalidParameterValue", `Invalid availability zone: [${zone}]`);
}

/** A subnet of the region. */
interface Subnet {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  readonly cidr: string;
}

/** The addresses of each VPC. */
const CIDRS: Readonly<Record<string, string>> = { [VPC]: "172.31.0.0/16", [OTHER_VPC]: "10.0.0.0/16" };

/** Returns the subnets of a region: one in each zone of each VPC. */
export function subnets(region: string): readonly Subnet[] {
  return [VPC, OTHER_VPC].flatMap((vpc) =>
    zones(region).map((zone, index) => ({
      id: subnetOf(zone, vpc),
      vpc,
      zone,
      cidr: (CIDRS[vpc] ?? "").replace(".0.0/16", `.${index * 16}.0/20`),
    }))
  );
}

/**
 * Returns EC2's API actions on availability zones, VPCs and subnets.
 *
 * @param hasDefaultVpc whether the account has a default VPC
 */
export function zoneActions(region: string, hasDefaultVpc: () => boolean): Service {
  const isDefault = (vpc: string) => vpc === VPC && hasDefaultVpc();
  const vpcShape = (VpcId: string): Shape => ({
    VpcId,
    OwnerId: ACCOUNT_ID,
    State: "available",
    CidrBlock: CIDRS[VpcId],
    DhcpOptionsId: "dopt-00000000000000001",
    InstanceTenancy: "default",
    IsDefault: isDefault(VpcId),
    Tags: [],
  });
  const subnetShape = ({ id, vpc, zone, cidr }: Subnet): Shape => ({
    SubnetId: id,
    SubnetArn: `arn:aws:ec2:${region}:${ACCOUNT_ID}:subnet/${id}`,
    VpcId: vpc,
    OwnerId: ACCOUNT_ID,
    State: "available",
    AvailabilityZone: zone,
    AvailabilityZoneId: zoneId(zone),
    CidrBlock: cidr,
    AvailableIpAddressCount: 4_091,
    DefaultForAz: isDefault(vpc),
    MapPublicIpOnLaunch: isDefault(vpc),
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    Tags: [],
  });

  return {
    DescribeVpcs: (input) => {
      const requested = requestedIds(
        [VPC, OTHER_VPC],
        texts(input, "VpcIds"),
        "InvalidVpcID.NotFound",
        "vpc",
      );
      const matching = applyFilters(requested.map(vpcShape), input, shapeFilter(VPC_FILTERS));
      const { items, NextToken } = pageOf(matching, ({ VpcId }) => String(VpcId), input);
      return { Vpcs: items, NextToken };
    },

    DescribeSubnets: (input) => {
      const all = subnets(region);
      const ids = texts(input, "SubnetIds");
      const requested = requestedIds(all.map(({ id }) => id), ids, "InvalidSubnetID.NotFound", "subnet");
      const shapes = all.filter(({ id }) => requested.includes(id)).map(subnetShape);
      const matching = applyFilters(shapes, input, shapeFilter(SUBNET_FILTERS));
      const { items, NextToken } = pageOf(matching, ({ SubnetId }) => String(SubnetId), input);
      return { Subnets: items, NextToken };
    },

    DescribeAvailabilityZones: (input) => {
      const names = texts(input, "ZoneNames");
      const unknown = names.find((name) => !zones(region).includes(name));
      if (unknown !== undefined) throw invalidZone(unknown);
      const shown = zones(region).filter((zone) => names.length === 0 || names.includes(zone));
      return {
        AvailabilityZones: shown.map((ZoneName) => ({
          ZoneName,
          ZoneId: zoneId(ZoneName),
          RegionName: region,
          State: "available",
          ZoneType: "availability-zone",
        })),
      };
    },
  };
}

/** Returns a zone's id, which is the same in all accounts: `eu-west-1a` → `euw1-az1`. */
function zoneId(zone: string): string {
  const [, area = "", direction = "", number = "", letter = "a"] = /^(\w+)-(\w)\w*-(\d)(\w)$/.exec(zone) ??
    [];
  return `${area}${direction}${number}-az${letter.charCodeAt(0) - 96}`;
}

/** Returns the requested ids, or all ids if a request names none. Throws AwsError for an unknown id. */
function requestedIds(
  all: readonly string[],
  requested: readonly string[],
  code: string,
  what: string,
): readonly string[] {
  const unknown = requested.find((id) => !all.includes(id));
  if (unknown !== undefined) throw new AwsError(code, `The ${what} ID '${unknown}' does not exist`);
  return requested.length === 0 ? all : requested;
}

/** The fields of a VPC by the name of their filter. Source: EC2 API, DescribeVpcs. */
const VPC_FILTERS: Readonly<Record<string, string>> = {
  "cidr": "CidrBlock",
  "is-default": "IsDefault",
  "isDefault": "IsDefault",
  "owner-id": "OwnerId",
  "state": "State",
  "vpc-id": "VpcId",
};

/** The fields of a subnet by the name of their filter. Source: EC2 API, DescribeSubnets. */
const SUBNET_FILTERS: Readonly<Record<string, string>> = {
  "availability-zone": "AvailabilityZone",
  "availabilityZone": "AvailabilityZone",
  "availability-zone-id": "AvailabilityZoneId",
  "cidr-block": "CidrBlock",
  "default-for-az": "DefaultForAz",
  "defaultForAz": "DefaultForAz",
  "map-public-ip-on-launch": "MapPublicIpOnLaunch",
  "owner-id": "OwnerId",
  "state": "State",
  "subnet-id": "SubnetId",
  "vpc-id": "VpcId",
};

/** Returns the function that reads a structure's values for a filter. No VPC and subnet has tags. */
function shapeFilter(fields: Readonly<Record<string, string>>) {
  return (shape: Shape, filter: string): readonly string[] | undefined => {
    if (filter.startsWith("tag:") || filter === "tag-key") return [];
    const field = fields[filter];
    return field === undefined ? undefined : [String(shape[field])];
  };
}
