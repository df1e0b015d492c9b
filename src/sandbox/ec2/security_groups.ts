/**
 * EC2's security groups and their ingress rules. With the fault security-groups, load balancers obey the rules (elb/reach.ts).
 * Source: EC2 API, IpPermission; EC2 user guide, "Security groups".
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
import { OTHER_VPC, VPC } from "./zones.ts";

/** Returns the default security group of a VPC. It admits traffic from its own members only. */
function defaultGroup(id: string, vpc: string): SecurityGroup {
  const ingress = [{ protocol: "-1", cidrs: [], groups: [id] }];
  return { id, name: "default", description: "default VPC security group", vpc, ingress };
}

/** The default security groups of the two VPCs. */
export const DEFAULT_GROUP = defaultGroup("sg-00000000000000001", VPC);
export const OTHER_DEFAULT_GROUP = defaultGroup("sg-00000000000000002", OTHER_VPC);

/**
 * Returns EC2's API actions on security groups.
 *
 * @param read function that returns the snapshot of the account that API reads use; the snapshot can be stale
 */
export function securityGroupActions(account: Account, read: () => Snapshot): Service {
  const change = (
    input: Shape,
    edit: (rules: readonly SecurityGroupRule[]) => SecurityGroupRule[],
  ): void => {
    const group = requestedGroup(account.current, input);
    const ingress = edit(group.ingress);
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
        const added = readRules(input);
        if (added.some((rule) => rules.some((existing) => isSameRule(existing, rule)))) {
          throw new AwsError("InvalidPermission.Duplicate", "the specified rule already exists");
        }
        return [...rules, ...added];
      }),

    RevokeSecurityGroupIngress: (input) =>
      change(input, (rules) => {
        const revoked = readRules(input);
        if (!revoked.every((rule) => rules.some((existing) => isSameRule(existing, rule)))) {
          throw new AwsError(
            "InvalidPermission.NotFound",
            "The specified rule does not exist in this security group.",
          );
        }
        return rules.filter((existing) => !revoked.some((rule) => isSameRule(existing, rule)));
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

/** Reads the ingress rules of a request. Returns one rule for each traffic source. */
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

function groupShape({ id, name, description, vpc, ingress }: SecurityGroup): Shape {
  return {
    OwnerId: ACCOUNT_ID,
    GroupId: id,
    GroupName: name,
    Description: description,
    VpcId: vpc,
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

function filterValues({ id, name, vpc }: SecurityGroup, filter: string): readonly string[] | undefined {
  switch (filter) {
    case "group-id":
      return [id];
    case "group-name":
      return [name];
    case "vpc-id":
      return [vpc];
    default:
      return undefined;
  }
}
