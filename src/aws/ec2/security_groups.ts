/**
 * EC2's security groups: what they let in.
 *
 * @module
 */
import type { IpPermission } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "../clients.ts";

/** What a rule of a security group lets in. */
export interface Ingress {
  /** `tcp`, `udp`, …; `-1` is all of them, on every port. */
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  /** Networks and prefix lists. */
  readonly networks: readonly string[];
  /** Ids of groups whose members may. */
  readonly groups: readonly string[];
}

/** Ids that one call names. */
const BATCH = 200;

/** What groups let in, by their ids; a group that is not there is left out. */
export async function ingressOf(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, readonly Ingress[]>> {
  const [client, { DescribeSecurityGroupsCommand }] = await Promise.all([
    aws.ec2(),
    import("../sdk/ec2.ts"),
  ]);
  const found = new Map<string, readonly Ingress[]>();
  for (let i = 0; i < ids.length; i += BATCH) {
    // By a filter, as one id that is not there would fail the call for all.
    const Filters = [{ Name: "group-id", Values: ids.slice(i, i + BATCH) }];
    let NextToken: string | undefined;
    do {
      const command = new DescribeSecurityGroupsCommand({ Filters, ...(NextToken ? { NextToken } : {}) });
      const answer = await client.send(command, sendOptions(signal));
      for (const { GroupId = "", IpPermissions = [] } of answer.SecurityGroups ?? []) {
        found.set(GroupId, IpPermissions.map(ingress));
      }
      NextToken = answer.NextToken;
    } while (NextToken);
  }
  return found;
}

function ingress(found: IpPermission): Ingress {
  const { IpProtocol = "-1", FromPort = 0, ToPort = 65_535 } = found;
  return {
    protocol: IpProtocol,
    from: FromPort,
    to: ToPort,
    networks: [
      ...(found.IpRanges ?? []).map(({ CidrIp }) => CidrIp ?? ""),
      ...(found.Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6 ?? ""),
      ...(found.PrefixListIds ?? []).map(({ PrefixListId }) => PrefixListId ?? ""),
    ],
    groups: (found.UserIdGroupPairs ?? []).map(({ GroupId }) => GroupId ?? ""),
  };
}
