/**
 * EC2's security groups and their ingress rules. With the fault security-groups, load balancers obey the rules (elb/traffic/reach.ts).
 * Source: EC2 API, IpPermission; EC2 user guide, "Security groups".
 *
 * @module
 */
import { boolean, text, texts } from "../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Service, type Shape } from "../wire/action.ts";
import type { Account } from "../account/account.ts";
import type { SecurityGroup, SecurityGroupRule } from "../account/security_group.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { dryRunSucceeded, missingParameter } from "./request.ts";
import { specifiedTags, tagShapes } from "./tags.ts";
import { applyFilters, pageOf } from "./filters.ts";
import {
  describeRule,
  isSameRule,
  permissionShape,
  readRules,
  requestedGroup,
} from "./security_group_rules.ts";
import { OTHER_VPC, VPC } from "./zones.ts";

/** Returns the default security group of a VPC. It admits traffic from its own members only. */
function defaultGroup(id: string, vpc: string): SecurityGroup {
  const ingress = [{ protocol: "-1", cidrs: [], groups: [id] }];
  return { id, name: "default", description: "default VPC security group", vpc, ingress, tags: {} };
}

/** The default security groups of the two VPCs. */
export const DEFAULT_GROUP = defaultGroup("sg-00000000000000001", VPC);
export const OTHER_DEFAULT_GROUP = defaultGroup("sg-00000000000000002", OTHER_VPC);

/** Maximum number of ingress rules of a security group. Source: VPC user guide, "Amazon VPC quotas". */
const MAX_RULES = 60;

/**
 * Returns EC2's API actions on security groups. As on AWS, a change of a new security group can fail for some seconds, because the
 * creation has not reached every server yet. Source: EC2 developer guide, "Eventual consistency".
 *
 * @param read function that returns the snapshot of the account that API reads use; the snapshot can be stale
 * @param hasDefaultVpc whether the account has a default VPC
 */
export function securityGroupActions(
  account: Account,
  read: () => Snapshot,
  hasDefaultVpc: () => boolean,
): Service {
  let created = 0;

  /** Returns the security group that a change names. */
  const groupToChange = (input: Shape): SecurityGroup =>
    requestedGroup(account.current, { GroupId: requestedGroup(read(), input).id });

  const change = (
    input: Shape,
    edit: (rules: readonly SecurityGroupRule[]) => SecurityGroupRule[],
  ): SecurityGroup => {
    const group = groupToChange(input);
    const changed = { ...group, ingress: edit(group.ingress) };
    if (boolean(input, "DryRun")) throw dryRunSucceeded();
    account.putSecurityGroup(changed);
    return changed;
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

    CreateSecurityGroup: (input) => {
      const { name, description } = readNames(input);
      const vpc = text(input, "VpcId") ?? (hasDefaultVpc() ? VPC : undefined);
      if (vpc === undefined) throw new AwsError("VPCIdNotSpecified", "No default VPC for this user");
      if (vpc !== VPC && vpc !== OTHER_VPC) {
        throw new AwsError("InvalidVpcID.NotFound", `The vpc ID '${vpc}' does not exist`);
      }
      const tags = specifiedTags(input, "security-group");
      if (
        [...account.current.securityGroups.values()].some((group) => group.name === name && group.vpc === vpc)
      ) {
        throw new AwsError(
          "InvalidGroup.Duplicate",
          `The security group '${name}' already exists for VPC '${vpc}'`,
        );
      }
      if (boolean(input, "DryRun")) throw dryRunSucceeded();
      const id = `sg-c${(++created).toString(16).padStart(16, "0")}`;
      account.putSecurityGroup({ id, name, description, vpc, ingress: [], tags });
      return { GroupId: id, Tags: tagShapes(tags) };
    },

    DeleteSecurityGroup: (input) => {
      const { id, name } = groupToChange(input);
      if (name === "default") {
        throw new AwsError(
          "CannotDelete",
          `the specified group: "${id}" name: "default" cannot be deleted by a user`,
        );
      }
      if (isInUse(account.current, id)) {
        throw new AwsError("DependencyViolation", `resource ${id} has a dependent object`);
      }
      if (boolean(input, "DryRun")) throw dryRunSucceeded();
      account.removeSecurityGroup(id);
      return { Return: true, GroupId: id };
    },

    AuthorizeSecurityGroupIngress: (input) => {
      change(input, (rules) => {
        const added = readRules(account.current, input);
        const existing = added.find((rule) => rules.some((other) => isSameRule(other, rule)));
        if (existing !== undefined) {
          throw new AwsError(
            "InvalidPermission.Duplicate",
            `the specified rule "${describeRule(existing)}" already exists`,
          );
        }
        if (rules.length + added.length > MAX_RULES) {
          throw new AwsError(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
          );
        }
        return [...rules, ...added];
      });
      return { Return: true };
    },

    RevokeSecurityGroupIngress: (input) => {
      change(input, (rules) => {
        const revoked = readRules(account.current, input);
        if (!revoked.every((rule) => rules.some((existing) => isSameRule(existing, rule)))) {
          throw new AwsError(
            "InvalidPermission.NotFound",
            "The specified rule does not exist in this security group.",
          );
        }
        return rules.filter((existing) => !revoked.some((rule) => isSameRule(existing, rule)));
      });
      return { Return: true };
    },
  };
}

/** Returns whether an instance, a load balancer or a rule of another security group uses a security group. */
function isInUse(
  { instances, balancers, v2Balancers, lingering, securityGroups }: Snapshot,
  id: string,
): boolean {
  const members = [
    ...[...instances.values()].filter(({ state }) => state !== "terminated"),
    ...balancers.values(),
    ...v2Balancers.values(),
    ...lingering.values(),
  ];
  return members.some((member) => member.securityGroups.includes(id)) ||
    [...securityGroups.values()].some((group) =>
      group.id !== id && group.ingress.some(({ groups }) => groups.includes(id))
    );
}

/** Reads the name and description of a new security group. Source of the characters: EC2 API, CreateSecurityGroup. */
function readNames(input: Shape): { readonly name: string; readonly description: string } {
  const name = text(input, "GroupName") ?? missingParameter("GroupName");
  // EC2's query protocol calls the description GroupDescription.
  const description = text(input, "GroupDescription") ?? missingParameter("GroupDescription");
  const valid = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;
  if (name.startsWith("sg-") || !valid.test(name)) {
    throw new AwsError("InvalidParameterValue", `Invalid value '${name}' for groupName.`);
  }
  if (name === "default") {
    throw new AwsError("InvalidParameterValue", "Cannot use reserved security group name: default");
  }
  if (!valid.test(description)) {
    throw new AwsError(
      "InvalidParameterValue",
      "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  " +
        "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
    );
  }
  return { name, description };
}

function groupShape({ id, name, description, vpc, ingress, tags }: SecurityGroup): Shape {
  // EC2 groups the rules that have the same protocol and ports.
  const permissions = Map.groupBy(ingress, ({ protocol, from, to }) => `${protocol} ${from} ${to}`);
  return {
    OwnerId: ACCOUNT_ID,
    GroupId: id,
    GroupName: name,
    Description: description,
    VpcId: vpc,
    IpPermissions: [...permissions.values()].map(permissionShape),
    IpPermissionsEgress: [permissionShape([{ protocol: "-1", cidrs: ["0.0.0.0/0"], groups: [] }])],
    Tags: tagShapes(tags),
  };
}

/** Returns a security group's values for the name of a filter. Source: EC2 API, DescribeSecurityGroups. */
function filterValues(
  { id, name, description, vpc, ingress, tags }: SecurityGroup,
  filter: string,
): readonly (string | undefined)[] | undefined {
  if (filter.startsWith("tag:")) return [tags[filter.slice(4)]];
  switch (filter) {
    case "tag-key":
      return Object.keys(tags);
    case "group-id":
      return [id];
    case "group-name":
      return [name];
    case "description":
      return [description];
    case "owner-id":
      return [ACCOUNT_ID];
    case "vpc-id":
      return [vpc];
    case "ip-permission.group-id":
      return ingress.flatMap(({ groups }) => groups);
    default:
      return undefined;
  }
}
