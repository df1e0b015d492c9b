/**
 * Classic ELB's API actions that create, describe and delete load balancers, and enable zones. Source: ELB API 2012-06-01.
 *
 * @module
 */
import type { Listener, LoadBalancer } from "../account/load_balancer.ts";
import type { Account } from "../account/account.ts";
import { DEFAULT_GROUP, OTHER_DEFAULT_GROUP } from "../ec2/security_groups.ts";
import { OTHER_VPC, subnetOf, VPC, vpcOf } from "../ec2/zones.ts";
import { AwsError, type Service } from "../wire/action.ts";
import { integer, required, text, texts, validationError } from "../wire/input.ts";
import { page } from "../wire/paging.ts";
import type { ElbOptions, NewBalancer } from "./options.ts";
import { changeBalancer, readTags, requestedBalancer } from "./request.ts";
import { balancerShape, readListeners } from "./shapes.ts";

/** Maximum number of load balancers in a region. Source: CLB guide, elb-limits. */
const MAX_BALANCERS = 20;

/** Returns Classic ELB's API actions on load balancers. */
export function balancerActions(
  { account, balancers, addresses, faults, zones }: ElbOptions,
  create: (balancer: NewBalancer) => LoadBalancer,
): Service {
  const checkZones = (requested: readonly string[]): void => {
    const unknown = requested.find((zone) => !zones.includes(zone));
    if (unknown !== undefined) throw validationError(`Invalid availability zone: ${unknown}`);
  };

  /** Returns the id of the security group of a load balancer for which a request names no group. */
  const groupFor = (vpc: string | undefined, listeners: readonly Listener[]): string => {
    if (vpc === undefined && faults.securityGroups) return groupOfListeners(account, listeners);
    return (vpc === OTHER_VPC ? OTHER_DEFAULT_GROUP : DEFAULT_GROUP).id;
  };

  /** Returns the VPC and the zones of subnets; undefined for none. */
  const placeOf = (subnets: readonly string[]): { vpc: string; zones: string[] } | undefined => {
    const [first] = subnets;
    if (first === undefined) return undefined;
    const subnetZones = subnets.map((subnet) =>
      zones.find((zone) => [VPC, OTHER_VPC].some((vpc) => subnetOf(zone, vpc) === subnet))
    );
    const unknown = subnets.find((_, i) => subnetZones[i] === undefined);
    if (unknown !== undefined) throw new AwsError("SubnetNotFound", `The subnet '${unknown}' does not exist`);
    const found = subnetZones.filter((zone) => zone !== undefined);
    if (new Set(found).size < subnets.length || subnets.some((subnet) => vpcOf(subnet) !== vpcOf(first))) {
      throw new AwsError(
        "InvalidConfigurationRequest",
        "ELB cannot be attached to multiple subnets in the same AZ, or in several VPCs",
        409,
      );
    }
    return { vpc: vpcOf(first), zones: found.sort() };
  };

  return {
    CreateLoadBalancer: (input) => {
      const name = required(text(input, "LoadBalancerName"), "LoadBalancerName");
      if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(name)) {
        throw validationError(
          "LoadBalancerName must be 1 to 32 letters, digits and hyphens, with no hyphen at its ends",
        );
      }
      const requestedZones = texts(input, "AvailabilityZones");
      const subnets = texts(input, "Subnets");
      const listeners = readListeners(input);
      if (requestedZones.length === 0 && subnets.length === 0) {
        throw validationError("Either AvailabilityZones or SubnetIds must be specified");
      }
      checkZones(requestedZones);
      if (subnets.length === 0 && faults.noDefaultVpc) {
        throw new AwsError("InvalidConfigurationRequest", "Default VPC not found", 409);
      }
      const tags = readTags(input);
      const place = placeOf(subnets);
      const securityGroups = texts(input, "SecurityGroups");
      const existing = account.current.balancers.get(name);
      if (existing !== undefined) {
        if (hasSameListeners(existing, listeners)) return { DNSName: existing.dnsName };
        throw new AwsError(
          "DuplicateLoadBalancerName",
          `Load balancer ${name} exists already, with other settings`,
        );
      }
      if (account.current.balancers.size >= MAX_BALANCERS) {
        throw new AwsError(
          "TooManyLoadBalancers",
          "The quota for the number of load balancers has been reached",
        );
      }
      const { dnsName } = create({
        name,
        subnets,
        listeners,
        vpc: place?.vpc ?? VPC,
        zones: place?.zones ?? requestedZones,
        securityGroups: securityGroups.length > 0 ? securityGroups : [groupFor(place?.vpc, listeners)],
        scheme: text(input, "Scheme") ?? "internet-facing",
        tags,
      });
      return { DNSName: dnsName };
    },

    AttachLoadBalancerToSubnets: (input) => {
      const { vpc, zones: present } = requestedBalancer(account.current, input);
      const subnets = texts(input, "Subnets");
      const place = placeOf(subnets);
      if (place === undefined) throw validationError("Subnets must have at least one subnet");
      if (place.vpc !== vpc || place.zones.some((zone) => present.includes(zone))) {
        throw new AwsError(
          "InvalidConfigurationRequest",
          "The subnets must be in the VPC of the load balancer, and in other zones than its subnets",
          409,
        );
      }
      const changed = changeBalancer(account, input, (balancer) => ({
        subnets: [...balancer.subnets, ...subnets],
        zones: [...balancer.zones, ...place.zones].sort(),
      }));
      return { Subnets: changed.subnets };
    },

    EnableAvailabilityZonesForLoadBalancer: (input) => {
      if (requestedBalancer(account.current, input).vpc !== VPC || faults.noDefaultVpc) {
        throw new AwsError("InvalidConfigurationRequest", "Default VPC not found", 409);
      }
      const requested = texts(input, "AvailabilityZones");
      if (requested.length === 0) throw validationError("AvailabilityZones must have at least one zone");
      checkZones(requested);
      const changed = changeBalancer(account, input, (balancer) => ({
        zones: [...new Set([...balancer.zones, ...requested])].sort(),
      }));
      return { AvailabilityZones: changed.zones };
    },

    // AWS does not report an error for the deletion of an unknown load balancer. Source: ELB API, DeleteLoadBalancer.
    DeleteLoadBalancer: (input) => {
      const name = required(text(input, "LoadBalancerName"), "LoadBalancerName");
      const balancer = account.current.balancers.get(name);
      if (balancer === undefined) return;
      balancers.remove(balancer.name);
      addresses.release(balancer.dnsName);
    },

    DescribeLoadBalancers: (input) => {
      const names = texts(input, "LoadBalancerNames");
      const snapshot = account.snapshotAgo(faults.readAge());
      const requested = names.length > 0
        ? names.map((LoadBalancerName) => requestedBalancer(snapshot, { LoadBalancerName }))
        : [...snapshot.balancers.values()];
      const { items, NextToken } = page(
        requested,
        ({ name }) => name,
        integer(input, "PageSize", 1, 400) ?? 400,
        text(input, "Marker"),
        () => validationError("Invalid Marker"),
      );
      return { LoadBalancerDescriptions: items.map(balancerShape), NextMarker: NextToken };
    },
  };
}

function hasSameListeners(balancer: LoadBalancer, listeners: readonly Listener[]): boolean {
  return JSON.stringify(balancer.listeners) === JSON.stringify(listeners);
}

/**
 * Returns the id of the security group that ELB makes for a load balancer in zones of the default VPC: it admits everybody on the ports of
 * the listeners. Source: CLB guide, "Security groups for load balancers in a VPC".
 */
function groupOfListeners(account: Account, listeners: readonly Listener[]): string {
  const ports = [...new Set(listeners.map(({ port }) => port))].sort((a, b) => a - b);
  const name = `default_elb_${ports.join("_")}`;
  const existing = [...account.current.securityGroups.values()].find((group) => group.name === name);
  if (existing !== undefined) return existing.id;
  const id = `sg-${(account.current.securityGroups.size + 1).toString(16).padStart(17, "0")}`;
  const ingress = ports.map((port) => ({
    protocol: "tcp",
    from: port,
    to: port,
    cidrs: ["0.0.0.0/0"],
    groups: [],
  }));
  account.putSecurityGroup({
    id,
    name,
    description: "ELB created security group",
    vpc: VPC,
    ingress,
    tags: {},
  });
  return id;
}
