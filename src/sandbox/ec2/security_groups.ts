/**
 * EC2's security groups as far as they let traffic in: described, and their rules authorized and revoked. The sandbox's
 * machines are on loopback, where nobody holds a packet to them. Source: EC2 API, IpPermission; EC2 user guide, "Security groups".
 *
 * @module
 */
import { boolean, integer, shapes, text, texts } from "../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Service, type Shape } from "../wire/action.ts";
import type { Account } from "../account/account.ts";
import type { SecurityGroup, SecurityGroupRule } from "../account/security_group.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { dryRunSucceeded, missingParameter } from "./request.ts";
import { applyFilters, pageOf } from "./filters.ts";
import { VPC } from "./shapes.ts";

/** The group of a network that instances are in which name none: it lets its own members in and nobody else. */
export const DEFAULT_GROUP: SecurityGroup = {
  id: "sg-00000000000000001",
  name: "default",
  description: "default VPC security group",
  ingress: [{ protocol: "-1", cidrs: [], groups: ["sg-00000000000000001"] }],
};

/** The actions on security groups. `read` is the account as describing sees it. */
export function securityGroupActions(account: Account, read: () => Snapshot): Service {
  const change = (
    input: Shape,
    changed: (rules: readonly SecurityGroupRule[]) => SecurityGroupRule[],
  ): void => {
    const group = requestedGroup(account.current, input);
    const ingress = changed(group.ingress);
    if (boolean(input, "DryRun")) throw dryRunSucceeded();
    account.putSecurityGroup({ ...group, ingress });
  };

  return {
    DescribeSecurityGroups: (input) => {
      const snapshot = read();
      const ids = texts(input, "GroupIds");
      const names = texts(input, "GroupNames");
      const all = ids.length > 0
        ? ids.map((GroupId) => requestedGroup(snapshot, { GroupId }))
        : names.length > 0
        ? names.map((GroupName) => requestedGroup(snapshot, { GroupName }))
        : [...snapshot.securityGroups.values()];
      const { items, NextToken } = pageOf(applyFilters(all, input, filterValues), ({ id }) => id, input);
      return { SecurityGroups: items.map(groupShape), NextToken };
    },

    AuthorizeSecurityGroupIngress: (input) =>
      change(input, (rules) => {
        const wanted = readRules(input);
        if (wanted.some((rule) => rules.some((there) => isSameRule(there, rule)))) {
          throw new AwsError("InvalidPermission.Duplicate", "the specified rule already exists");
        }
        return [...rules, ...wanted];
      }),

    RevokeSecurityGroupIngress: (input) =>
      change(input, (rules) => {
        const unwanted = readRules(input);
        if (!unwanted.every((rule) => rules.some((there) => isSameRule(there, rule)))) {
          throw new AwsError(
            "InvalidPermission.NotFound",
            "The specified rule does not exist in this security group.",
          );
        }
        return rules.filter((there) => !unwanted.some((rule) => isSameRule(there, rule)));
      }),
  };
}

function requestedGroup({ securityGroups }: Snapshot, input: Shape): SecurityGroup {
  const id = text(input, "GroupId");
  const name = text(input, "GroupName");
  if (id === undefined && name === undefined) missingParameter("GroupId");
  const found = id === undefined
    ? [...securityGroups.values()].find((group) => group.name === name)
    : securityGroups.get(id);
  if (found === undefined) {
    throw new AwsError("InvalidGroup.NotFound", `The security group '${id ?? name}' does not exist`);
  }
  return found;
}

/** The rules of a request, one for each source. */
function readRules(input: Shape): SecurityGroupRule[] {
  const rules = shapes(input, "IpPermissions").flatMap((permission): SecurityGroupRule[] => {
    const ports = {
      protocol: text(permission, "IpProtocol") ?? missingParameter("IpProtocol"),
      from: integer(permission, "FromPort", -1, 65_535),
      to: integer(permission, "ToPort", -1, 65_535),
    };
    return [
      ...shapes(permission, "IpRanges").map((range) => ({
        ...ports,
        cidrs: [text(range, "CidrIp") ?? missingParameter("CidrIp")],
        groups: [],
      })),
      ...shapes(permission, "Groups").map((pair) => ({
        ...ports,
        cidrs: [],
        groups: [text(pair, "GroupId") ?? missingParameter("GroupId")],
      })),
    ];
  });
  return rules.length > 0 ? rules : missingParameter("IpPermissions");
}

function isSameRule(a: SecurityGroupRule, b: SecurityGroupRule): boolean {
  return JSON.stringify(permissionShape(a)) === JSON.stringify(permissionShape(b));
}

function groupShape({ id, name, description, ingress }: SecurityGroup): Shape {
  return {
    OwnerId: ACCOUNT_ID,
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
    UserIdGroupPairs: groups.map((GroupId) => ({ UserId: ACCOUNT_ID, GroupId })),
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
