/**
 * The security groups that `kas admin setup` creates for load balancers, and the rules that admit such a group to instances.
 *
 * @module
 */
import type { IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "../../clients.ts";
import { isDuplicate, isNoGroup, listIn } from "../../errors.ts";
import { pages } from "../../many/pages.ts";
import { isOfSetup, setupTags } from "../../balancing/setup_tags.ts";
import { ec2 } from "../client.ts";

/** The security group of a load balancer. */
export interface BalancerGroup {
  readonly id: string;
  readonly name: string;
  readonly vpc: string;
  /** Whether the tags say that setup created the group for the fleet. */
  readonly ofSetup: boolean;
  readonly rules: readonly PortRule[];
}

/** A rule that admits somebody to the members of a security group. */
export interface PortRule {
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  /** Whether the rule admits everybody. */
  readonly isOpen: boolean;
}

/** Returns whether a rule admits somebody to a TCP port. */
export function coversPort(
  { protocol, from, to }: Pick<PortRule, "protocol" | "from" | "to">,
  port: number,
): boolean {
  return protocol === "-1" || (protocol === "tcp" && from <= port && port <= to);
}

/** A rule of a security group that admits the members of another group. */
export interface Admission {
  /** The id of the group that has the rule. */
  readonly group: string;
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  /** Whether the rule's description says that setup made the rule. */
  readonly ofSetup: boolean;
}

const ANYWHERE = "0.0.0.0/0";

/** The description of each rule that setup makes in another security group. Source of the valid characters: EC2 API, UserIdGroupPair. */
const DESCRIPTION = "kas:created-by=setup";

/** Finds the security groups with a name, at most one in each VPC. */
export async function groupsNamed(
  aws: Aws,
  name: string,
  fleet: string,
  signal?: AbortSignal,
): Promise<BalancerGroup[]> {
  const found: BalancerGroup[] = [];
  for await (const group of listGroups(aws, "group-name", name, signal)) {
    found.push({
      id: group.GroupId ?? "",
      name,
      vpc: group.VpcId ?? "",
      ofSetup: isOfSetup(group.Tags, fleet),
      rules: (group.IpPermissions ?? []).map((rule) => ({
        ...rangeOf(rule),
        isOpen: rule.IpRanges?.some(({ CidrIp }) => CidrIp === ANYWHERE) ?? false,
      })),
    });
  }
  return found;
}

/** Creates a security group with the tags of setup, and returns its id. It admits nobody. */
export async function createGroup(
  aws: Aws,
  { name, fleet, vpc }: { readonly name: string; readonly fleet: string; readonly vpc: string },
): Promise<string> {
  const [client, { CreateSecurityGroupCommand }] = await ec2(aws);
  const command = new CreateSecurityGroupCommand({
    GroupName: name,
    Description: `Load balancer of kas fleet ${fleet}`,
    VpcId: vpc,
    TagSpecifications: [{ ResourceType: "security-group", Tags: setupTags(fleet) }],
  });
  return (await client.send(command)).GroupId ?? "";
}

/** Deletes a security group. Has no effect if it does not exist. Throws an `isInUse` error while something uses the group. */
export async function deleteGroup(aws: Aws, id: string): Promise<void> {
  const [client, { DeleteSecurityGroupCommand }] = await ec2(aws);
  try {
    await client.send(new DeleteSecurityGroupCommand({ GroupId: id }));
  } catch (error) {
    if (!isNoGroup(error)) throw error;
  }
}

/** Admits everybody to a TCP port of a security group's members. Has no effect if the group has the rule. */
export async function openPort(aws: Aws, group: string, port: number): Promise<void> {
  await authorize(aws, group, { ...tcp(port, port), IpRanges: [{ CidrIp: ANYWHERE }] });
}

/** Lists the rules that admit the members of a security group to other groups. */
export async function admissionsOf(aws: Aws, source: string, signal?: AbortSignal): Promise<Admission[]> {
  const found: Admission[] = [];
  for await (
    const { GroupId = "", IpPermissions = [] } of listGroups(aws, "ip-permission.group-id", source, signal)
  ) {
    if (GroupId === source) continue;
    for (const rule of IpPermissions) {
      const pair = rule.UserIdGroupPairs?.find((pair) => pair.GroupId === source);
      if (pair === undefined) continue;
      found.push({ group: GroupId, ...rangeOf(rule), ofSetup: pair.Description === DESCRIPTION });
    }
  }
  return found;
}

/** Admits the members of `source` to a TCP port of the members of `group`. Has no effect if the group has the rule. */
export async function admit(aws: Aws, group: string, port: number, source: string): Promise<void> {
  const UserIdGroupPairs = [{ GroupId: source, Description: DESCRIPTION }];
  await authorize(aws, group, { ...tcp(port, port), UserIdGroupPairs });
}

/** Revokes a rule of setup that admits the members of `source`. Has no effect if the rule does not exist. */
export async function revoke(
  aws: Aws,
  { group, protocol, from, to }: Admission,
  source: string,
): Promise<void> {
  const [client, { RevokeSecurityGroupIngressCommand }] = await ec2(aws);
  const rule = {
    IpProtocol: protocol,
    FromPort: from,
    ToPort: to,
    UserIdGroupPairs: [{ GroupId: source, Description: DESCRIPTION }],
  };
  try {
    await client.send(new RevokeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [rule] }));
  } catch (error) {
    if (!isNoGroup(error)) throw error;
  }
}

function rangeOf({ IpProtocol: protocol = "-1", FromPort: from = 0, ToPort: to = 65_535 }: IpPermission) {
  return { protocol, from, to };
}

function tcp(FromPort: number, ToPort: number): IpPermission {
  return { IpProtocol: "tcp", FromPort, ToPort };
}

async function authorize(aws: Aws, GroupId: string, rule: IpPermission): Promise<void> {
  const [client, { AuthorizeSecurityGroupIngressCommand }] = await ec2(aws);
  try {
    await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }));
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

async function* listGroups(
  aws: Aws,
  filter: string,
  value: string,
  signal?: AbortSignal,
): AsyncGenerator<SecurityGroup, void> {
  const [client, { DescribeSecurityGroupsCommand }] = await ec2(aws);
  const Filters = [{ Name: filter, Values: [value] }];
  const answers = pages(
    (NextToken) =>
      client.send(new DescribeSecurityGroupsCommand({ Filters, NextToken }), sendOptions(signal)),
    ({ NextToken }) => NextToken,
  );
  for await (const { SecurityGroups } of answers) yield* listIn(SecurityGroups, "EC2", "security groups");
}
