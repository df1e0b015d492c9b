/**
 * Reads and formats the ingress rules of security groups. Source: EC2 API, IpPermission.
 *
 * @module
 */
import { integer, shapes, text } from "../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Shape } from "../wire/action.ts";
import type { SecurityGroup, SecurityGroupRule } from "../account/security_group.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { missingParameter } from "./request.ts";
import { VPC } from "./zones.ts";

/** Returns the security group that a request names. Throws AwsError InvalidGroup.NotFound. */
export function requestedGroup({ securityGroups }: Snapshot, input: Shape): SecurityGroup {
  const id = text(input, "GroupId");
  const name = text(input, "GroupName");
  if (id === undefined && name === undefined) missingParameter("GroupId");
  // EC2 finds names in the default VPC only.
  const found = id === undefined
    ? [...securityGroups.values()].find((group) => group.name === name && group.vpc === VPC)
    : securityGroups.get(id);
  if (found === undefined) {
    throw new AwsError("InvalidGroup.NotFound", `The security group '${id ?? name}' does not exist`);
  }
  return found;
}

/** Reads the ingress rules of a request. Returns one rule for each traffic source. */
export function readRules(snapshot: Snapshot, input: Shape): SecurityGroupRule[] {
  // A request can also describe one rule with parameters of its own.
  const single = text(input, "IpProtocol") === undefined ? [] : [{
    ...input,
    IpRanges: text(input, "CidrIp") === undefined ? [] : [{ CidrIp: text(input, "CidrIp") }],
  }];
  const rules = [...shapes(input, "IpPermissions"), ...single].flatMap((permission): SecurityGroupRule[] => {
    const ports = readPorts(permission);
    const rule = (source: Shape, cidrs: readonly string[], groups: readonly string[]) => {
      const description = text(source, "Description");
      return { ...ports, cidrs, groups, ...(description === undefined ? {} : { description }) };
    };
    return [
      ...[...shapes(permission, "IpRanges"), ...shapes(permission, "Ipv6Ranges")].map((range) =>
        rule(range, [text(range, "CidrIp") ?? text(range, "CidrIpv6") ?? missingParameter("CidrIp")], [])
      ),
      ...shapes(permission, "Groups").map((pair) => rule(pair, [], [requestedGroup(snapshot, pair).id])),
    ];
  });
  return rules.length > 0 ? rules : missingParameter("IpPermissions");
}

function readPorts(permission: Shape): Pick<SecurityGroupRule, "protocol" | "from" | "to"> {
  const protocol = text(permission, "IpProtocol") ?? missingParameter("IpProtocol");
  if (protocol === "-1") return { protocol };
  const from = integer(permission, "FromPort", -1, 65_535) ?? missingParameter("FromPort");
  const to = integer(permission, "ToPort", -1, 65_535) ?? missingParameter("ToPort");
  if (to < from) throw new AwsError("InvalidParameterValue", `Invalid port range: ${from}-${to}`);
  return { protocol: protocol === "6" ? "tcp" : protocol, from, to };
}

/** Returns whether two rules admit the same traffic. Their descriptions can differ. */
export function isSameRule(a: SecurityGroupRule, b: SecurityGroupRule): boolean {
  return describeRule(a) === describeRule(b);
}

/** Describes a rule as in EC2's error messages. */
export function describeRule({ protocol, from, to, cidrs, groups }: SecurityGroupRule): string {
  const ports = protocol === "-1" ? "ALL" : `${protocol.toUpperCase()}, from port: ${from}, to port: ${to}`;
  return `peer: ${[...cidrs, ...groups].join(", ")}, ${ports}, ALLOW`;
}

/** Formats rules that have the same protocol and ports. */
export function permissionShape(rules: readonly SecurityGroupRule[]): Shape {
  const [first] = rules;
  const ranges = rules.flatMap(({ cidrs, description }) =>
    cidrs.map((cidr) => ({ cidr, Description: description }))
  );
  const isIpv6 = ({ cidr }: { readonly cidr: string }) => cidr.includes(":");
  return {
    IpProtocol: first?.protocol,
    FromPort: first?.from,
    ToPort: first?.to,
    IpRanges: ranges.filter((range) => !isIpv6(range)).map(({ cidr, ...more }) => ({
      CidrIp: cidr,
      ...more,
    })),
    Ipv6Ranges: ranges.filter(isIpv6).map(({ cidr, ...more }) => ({ CidrIpv6: cidr, ...more })),
    PrefixListIds: [],
    UserIdGroupPairs: rules.flatMap(({ groups, description }) =>
      groups.map((GroupId) => ({ UserId: ACCOUNT_ID, GroupId, Description: description }))
    ),
  };
}
