/**
 * EC2's security groups as far as they let traffic in: described, and their rules authorized and revoked. The sandbox's
 * machines are on loopback, where nobody holds a packet to them. Source: EC2 API, IpPermission; EC2 user guide, "Security groups".
 *
 * @module
 */
import { flag, shapes, text, texts, whole } from "../wire/input.ts";
import { ACCOUNT, AwsError, type Service, type Shape } from "../wire/service.ts";
import type { SecurityGroup, SecurityGroupRule, Snapshot, World } from "../world.ts";
import { dryRun, missing } from "./request.ts";
import { filtered, paged, VPC } from "./view.ts";

/** The group of a network that instances are in which name none: it lets its own members in and nobody else. */
export const DEFAULT_GROUP: SecurityGroup = {
  id: "sg-00000000000000001",
  name: "default",
  description: "default VPC security group",
  ingress: [{ protocol: "-1", cidrs: [], groups: ["sg-00000000000000001"] }],
};

/** The actions on security groups. `read` is the world as describing sees it. */
export function securityGroupActions(world: World, read: () => Snapshot): Service {
  const change = (
    input: Shape,
    changed: (rules: readonly SecurityGroupRule[]) => SecurityGroupRule[],
  ): void => {
    const group = named(world.now, input);
    const ingress = changed(group.ingress);
    if (flag(input, "DryRun")) throw dryRun();
    world.putSecurityGroup({ ...group, ingress });
  };

  return {
    DescribeSecurityGroups: (input) => {
      const snapshot = read();
      const ids = texts(input, "GroupIds");
      const names = texts(input, "GroupNames");
      const all = ids.length > 0
        ? ids.map((GroupId) => named(snapshot, { GroupId }))
        : names.length > 0
        ? names.map((GroupName) => named(snapshot, { GroupName }))
        : [...snapshot.securityGroups.values()];
      const { items, NextToken } = paged(filtered(all, input, filterValues), ({ id }) => id, input);
      return { SecurityGroups: items.map(groupShape), NextToken };
    },

    AuthorizeSecurityGroupIngress: (input) =>
      change(input, (rules) => {
        const wanted = permissions(input);
        if (wanted.some((rule) => rules.some((there) => same(there, rule)))) {
          throw new AwsError("InvalidPermission.Duplicate", "the specified rule already exists");
        }
        return [...rules, ...wanted];
      }),

    RevokeSecurityGroupIngress: (input) =>
      change(input, (rules) => {
        const unwanted = permissions(input);
        if (!unwanted.every((rule) => rules.some((there) => same(there, rule)))) {
          throw new AwsError(
            "InvalidPermission.NotFound",
            "The specified rule does not exist in this security group.",
          );
        }
        return rules.filter((there) => !unwanted.some((rule) => same(there, rule)));
      }),
  };
}

function named({ securityGroups }: Snapshot, input: Shape): SecurityGroup {
  const id = text(input, "GroupId");
  const name = text(input, "GroupName");
  if (id === undefined && name === undefined) missing("GroupId");
  const found = id === undefined
    ? [...securityGroups.values()].find((group) => group.name === name)
    : securityGroups.get(id);
  if (found === undefined) {
    throw new AwsError("InvalidGroup.NotFound", `The security group '${id ?? name}' does not exist`);
  }
  return found;
}

/** The rules of a request, one for each source. */
function permissions(input: Shape): SecurityGroupRule[] {
  const rules = shapes(input, "IpPermissions").flatMap((permission): SecurityGroupRule[] => {
    const ports = {
      protocol: text(permission, "IpProtocol") ?? missing("IpProtocol"),
      from: whole(permission, "FromPort", -1, 65_535),
      to: whole(permission, "ToPort", -1, 65_535),
    };
    return [
      ...shapes(permission, "IpRanges").map((range) => ({
        ...ports,
        cidrs: [text(range, "CidrIp") ?? missing("CidrIp")],
        groups: [],
      })),
      ...shapes(permission, "Groups").map((pair) => ({
        ...ports,
        cidrs: [],
        groups: [text(pair, "GroupId") ?? missing("GroupId")],
      })),
    ];
  });
  return rules.length > 0 ? rules : missing("IpPermissions");
}

function same(a: SecurityGroupRule, b: SecurityGroupRule): boolean {
  return JSON.stringify(permissionShape(a)) === JSON.stringify(permissionShape(b));
}

function groupShape({ id, name, description, ingress }: SecurityGroup): Shape {
  return {
    OwnerId: ACCOUNT,
    GroupId: id,
    GroupName: name,
    Description: description,
    VpcId: VPC,
    IpPermissions: ingress.map(permissionShape),
    IpPermissionsEgress: [permissionShape({ protocol: "-1", cidrs: ["0.0.0.0/0"], groups: [] })],
    Tags: [],
  };
}

function permissionShape({ protocol, from, to, cidrs, groups }: SecurityGroupRule): Shape {
  return {
    IpProtocol: protocol,
    FromPort: from,
    ToPort: to,
    IpRanges: cidrs.map((CidrIp) => ({ CidrIp })),
    Ipv6Ranges: [],
    PrefixListIds: [],
    UserIdGroupPairs: groups.map((GroupId) => ({ UserId: ACCOUNT, GroupId })),
  };
}

function filterValues({ id, name }: SecurityGroup, filter: string): readonly string[] | undefined {
  switch (filter) {
    case "group-id":
      return [id];
    case "group-name":
      return [name];
    case "vpc-id":
      return [VPC];
    default:
      return undefined;
  }
}
