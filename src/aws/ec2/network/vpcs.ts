/**
 * VPCs.
 *
 * @module
 */
import { type Aws, sendOptions } from "../../clients.ts";
import { listIn } from "../../errors.ts";
import { ec2 } from "../client.ts";

/** Whether a VPC is the region's default VPC. Throws InvalidVpcID.NotFound if the VPC does not exist. */
export async function isDefaultVpc(aws: Aws, vpc: string, signal?: AbortSignal): Promise<boolean> {
  const [client, { DescribeVpcsCommand }] = await ec2(aws);
  const { Vpcs } = await client.send(new DescribeVpcsCommand({ VpcIds: [vpc] }), sendOptions(signal));
  return listIn(Vpcs, "EC2", "VPCs").some(({ IsDefault }) => IsDefault === true);
}

/** Returns the id of the region's default VPC. Undefined if there is none. */
export async function defaultVpc(aws: Aws, signal?: AbortSignal): Promise<string | undefined> {
  const [client, { DescribeVpcsCommand }] = await ec2(aws);
  const { Vpcs } = await client.send(new DescribeVpcsCommand({}), sendOptions(signal));
  return listIn(Vpcs, "EC2", "VPCs").find(({ IsDefault }) => IsDefault === true)?.VpcId;
}
