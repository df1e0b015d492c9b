/**
 * The subnets of VPCs.
 *
 * @module
 */
import type { Filter, Subnet as SdkSubnet } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "../../clients.ts";
import { listIn } from "../../errors.ts";
import { pages } from "../../many/pages.ts";
import { ec2 } from "../client.ts";

/** A subnet. */
export interface Subnet {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  /** Whether the subnet is the default one of its zone, which only a default VPC has. */
  readonly isDefault: boolean;
  /** Whether EC2 gives an instance in the subnet a public address. Such a subnet has a route to the internet. */
  readonly isPublic: boolean;
}

/** Lists the subnets of a VPC, in the order of their ids. */
export function subnetsOf(aws: Aws, vpc: string, signal?: AbortSignal): Promise<Subnet[]> {
  return list(aws, { Name: "vpc-id", Values: [vpc] }, signal);
}

/** Finds subnets by their ids. Leaves out ids that do not exist. */
export function findSubnets(aws: Aws, ids: readonly string[], signal?: AbortSignal): Promise<Subnet[]> {
  return list(aws, { Name: "subnet-id", Values: [...ids] }, signal);
}

async function list(aws: Aws, filter: Filter, signal?: AbortSignal): Promise<Subnet[]> {
  const [client, { DescribeSubnetsCommand }] = await ec2(aws);
  const answers = pages(
    (NextToken) =>
      client.send(new DescribeSubnetsCommand({ Filters: [filter], NextToken }), sendOptions(signal)),
    ({ NextToken }) => NextToken,
  );
  const found: Subnet[] = [];
  for await (const { Subnets } of answers) found.push(...listIn(Subnets, "EC2", "subnets").map(subnetOf));
  return found.sort((a, b) => a.id < b.id ? -1 : 1);
}

function subnetOf(found: SdkSubnet): Subnet {
  return {
    id: found.SubnetId ?? "",
    vpc: found.VpcId ?? "",
    zone: found.AvailabilityZone ?? "",
    isDefault: found.DefaultForAz === true,
    isPublic: found.MapPublicIpOnLaunch === true,
  };
}
