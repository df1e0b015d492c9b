/**
 * The availability zones of the region, and their subnets.
 *
 * @module
 */
import { AwsError, type Service } from "../wire/action.ts";
import { texts } from "../wire/input.ts";

/** Returns the names of a region's two simulated availability zones. */
export function zones(region: string): readonly [string, string] {
  return [`${region}a`, `${region}b`];
}

/** Returns the id of the subnet that a zone has in the sandbox's only VPC. */
export function subnetOf(zone: string): string {
  return `subnet-${(zone.charCodeAt(zone.length - 1) - 96).toString(16).padStart(17, "0")}`;
}

/** Returns EC2's error for a zone that does not exist in the region. */
export function invalidZone(zone: string): AwsError {
  return new AwsError("InvalidParameterValue", `Invalid availability zone: [${zone}]`);
}

/** Returns EC2's API actions on availability zones. */
export function zoneActions(region: string): Service {
  return {
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
