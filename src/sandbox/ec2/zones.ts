/**
 * The availability zones of the region, and their subnets in two VPCs.
 *
 * @module
 */
import { ACCOUNT_ID, AwsError, type Service } from "../wire/action.ts";
import { texts } from "../wire/input.ts";

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

/**
 * Returns EC2's API actions on availability zones and VPCs.
 *
 * @param hasDefaultVpc whether the account has a default VPC
 */
export function zoneActions(region: string, hasDefaultVpc: () => boolean): Service {
  return {
    DescribeVpcs: (input) => {
      const ids = texts(input, "VpcIds");
      const unknown = ids.find((id) => id !== VPC && id !== OTHER_VPC);
      if (unknown !== undefined) {
        throw new AwsError("InvalidVpcID.NotFound", `The vpc ID '${unknown}' does not exist`);
      }
      const shown = [VPC, OTHER_VPC].filter((id) => ids.length === 0 || ids.includes(id));
      return {
        Vpcs: shown.map((VpcId) => ({
          VpcId,
          OwnerId: ACCOUNT_ID,
          State: "available",
          IsDefault: VpcId === VPC && hasDefaultVpc(),
        })),
      };
    },

    DescribeAvailabilityZones: (input) => {
      const names = texts(input, "ZoneNames");
      const unknown = names.find((name) => !zones(region).includes(name));
      if (unknown !== undefined) throw invalidZone(unknown);
      const shown = zones(region).filter((zone) => names.length === 0 || names.includes(zone));
      return {
        AvailabilityZones: shown.map((ZoneName) => ({
          ZoneName,
          RegionName: region,
          State: "available",
          ZoneType: "availability-zone",
        })),
      };
    },
  };
}
