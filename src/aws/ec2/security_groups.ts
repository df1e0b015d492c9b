/**
 * The inbound rules of EC2's security groups.
 *
 * @module
 */
import type { IpPermission } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "../clients.ts";
import { listIn } from "../errors.ts";
import { pages } from "../many/pages.ts";
import { ec2 } from "./client.ts";

/** An inbound rule. */
export interface Ingress {
  /** `tcp`, `udp`, …; `-1` is every protocol on every port. */
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  /** The networks (CIDR blocks) and the ids of prefix lists from which the rule allows traffic. */
  readonly networks: readonly string[];
  /** The ids of the security groups from whose members the rule allows traffic. */
  readonly groups: readonly string[];
}

/** The maximum number of ids in one call. */
const BATCH = 200;

/** Returns the inbound rules of security groups by group id, without groups that do not exist. */
export async function ingressOf(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, readonly Ingress[]>> {
  const [client, { DescribeSecurityGroupsCommand }] = await ec2(aws);
  const rules = new Map<string, readonly Ingress[]>();
  for (let i = 0; i < ids.length; i += BATCH) {
    // Use a filter, because one unknown id in GroupIds would fail the whole call.
    const Filters = [{ Name: "group-id", Values: ids.slice(i, i + BATCH) }];
    const answers = pages(
      (NextToken) =>
        client.send(new DescribeSecurityGroupsCommand({ Filters, NextToken }), sendOptions(signal)),
      ({ NextToken }) => NextToken,
    );
    for await (const { SecurityGroups } of answers) {
      for (const { GroupId = "", IpPermissions = [] } of listIn(SecurityGroups, "EC2", "security groups")) {
        rules.set(GroupId, IpPermissions.map(ingressRule));
      }
    }
  }
  return rules;
}

function ingressRule(found: IpPermission): Ingress {
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
