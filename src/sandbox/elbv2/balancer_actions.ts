/**
 * The API actions of Elastic Load Balancing v2 on load balancers.
 *
 * @module
 */
import { DEFAULT_GROUP, OTHER_DEFAULT_GROUP } from "../ec2/security_groups.ts";
import { subnets as subnetsOf, VPC } from "../ec2/zones.ts";
import { oneOf, required, shapes, text, texts, validationError } from "../wire/input.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import type { V2Balancer } from "../account/load_balancer.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { attributeShapes, balancerAttributes, readAttributes } from "./attributes.ts";
import { pageOf, requestedBalancer, requestedOrAll } from "./lookup.ts";
import type { ElbV2Options } from "./options.ts";
import { checkName } from "./settings.ts";
import { balancerShape } from "./shapes.ts";
import { readTags } from "./tags.ts";

/** Maximum number of load balancers of one type in a region. Source: ALB guide and NLB guide, "Quotas". */
const MAX_BALANCERS = 50;

/** The VPC, subnets and zones of a load balancer. */
type Place = Pick<V2Balancer, "vpc" | "subnets" | "zones">;

/**
 * Returns the API actions of Elastic Load Balancing v2 on load balancers.
 *
 * @param arn function that returns a unique ARN for the path of a resource
 */
export function balancerActions(
  { clock, account, balancers, addresses, region }: ElbV2Options,
  read: () => Snapshot,
  arn: (path: string) => string,
): Service {
  /** Returns where the requested subnets are. Throws AwsError. */
  const placeOf = (input: Shape, type: V2Balancer["type"]): Place => {
    const requested = [
      ...texts(input, "Subnets"),
      ...shapes(input, "SubnetMappings").map((mapping) => required(text(mapping, "SubnetId"), "SubnetId")),
    ];
    const found = requested.map((id) => {
      const subnet = subnetsOf(region).find((subnet) => subnet.id === id);
      if (subnet === undefined) throw new AwsError("SubnetNotFound", `The subnet ID '${id}' does not exist`);
      return subnet;
    });
    const zones = new Set(found.map(({ zone }) => zone));
    const vpcs = new Set(found.map(({ vpc }) => vpc));
    if (zones.size < found.length && vpcs.size === 1) {
      throw new AwsError(
        "InvalidConfigurationRequest",
        "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
      );
    }
    if (vpcs.size > 1) {
      throw new AwsError("InvalidConfigurationRequest", "All subnets must belong to the same VPC");
    }
    if (zones.size < (type === "application" ? 2 : 1)) {
      throw validationError(
        type === "application"
          ? "At least two subnets in two different Availability Zones must be specified"
          : "At least one subnet must be specified",
      );
    }
    const sorted = found.toSorted((a, b) => a.zone < b.zone ? -1 : 1);
    return {
      vpc: found[0]?.vpc ?? VPC,
      subnets: sorted.map(({ id }) => id),
      zones: sorted.map(({ zone }) => zone),
    };
  };

  const checkGroups = (groups: readonly string[], vpc: string): readonly string[] => {
    for (const id of groups) {
      const group = account.current.securityGroups.get(id);
      if (group === undefined) {
        throw new AwsError("InvalidSecurityGroup", `The security group '${id}' does not exist`);
      }
      if (group.vpc !== vpc) {
        throw new AwsError(
          "InvalidConfigurationRequest",
          `One or more security groups are invalid: '${id}' is not in the VPC '${vpc}'`,
        );
      }
    }
    return groups;
  };

  /** Returns the default security group of a VPC. A Network Load Balancer has none. */
  const defaultGroups = (type: V2Balancer["type"], vpc: string): readonly string[] =>
    type === "network" ? [] : [(vpc === VPC ? DEFAULT_GROUP : OTHER_DEFAULT_GROUP).id];

  return {
    CreateLoadBalancer: (input) => {
      const name = checkName(required(text(input, "Name"), "Name"), "Load balancer");
      const type = oneOf(input, "Type", ["application", "network", "gateway"]) ?? "application";
      if (type === "gateway") {
        throw new AwsError("OperationNotPermitted", "The sandbox does not support Gateway Load Balancers");
      }
      const place = placeOf(input, type);
      const requested = texts(input, "SecurityGroups");
      const settings = {
        ...place,
        type,
        securityGroups: requested.length > 0
          ? checkGroups(requested, place.vpc)
          : defaultGroups(type, place.vpc),
        scheme: oneOf(input, "Scheme", ["internet-facing", "internal"]) ?? "internet-facing",
        tags: readTags(input),
      };
      const all = [...account.current.v2Balancers.values()];
      const same = all.find((other) => other.name === name);
      if (same !== undefined) {
        if (JSON.stringify({ ...same, ...settings }) === JSON.stringify(same)) {
          return { LoadBalancers: [balancerShape(same)] };
        }
        throw new AwsError(
          "DuplicateLoadBalancerName",
          "A load balancer with the same name exists, but with different settings",
        );
      }
      if (all.filter((other) => other.type === type).length >= MAX_BALANCERS) {
        throw new AwsError("TooManyLoadBalancers", "The maximum number of load balancers has been reached");
      }
      const created: V2Balancer = {
        ...settings,
        arn: arn(`loadbalancer/${type === "network" ? "net" : "app"}/${name}`),
        name,
        dnsName: addresses.take(),
        createdAt: clock.now(),
        active: false,
        listeners: [],
        attributes: balancerAttributes(type),
      };
      balancers.addV2Balancer(created);
      // The answer to the creation never shows an active load balancer.
      return { LoadBalancers: [balancerShape(created)] };
    },

    // AWS does not report an error for the deletion of an unknown load balancer. Source: ELB API, DeleteLoadBalancer.
    DeleteLoadBalancer: (input) => {
      const balancer = account.current.v2Balancers.get(
        required(text(input, "LoadBalancerArn"), "LoadBalancerArn"),
      );
      if (balancer === undefined) return {};
      if (balancer.attributes["deletion_protection.enabled"] === "true") {
        throw new AwsError(
          "OperationNotPermitted",
          `Load balancer '${balancer.arn}' cannot be deleted because deletion protection is enabled`,
        );
      }
      balancers.removeV2Balancer(balancer);
      addresses.release(balancer.dnsName);
      return {};
    },

    DescribeLoadBalancers: (input) => {
      const requested = requestedOrAll(read().v2Balancers, input, "LoadBalancerArns", "LoadBalancerNotFound");
      const { items, NextToken } = pageOf(requested, input);
      return { LoadBalancers: items.map(balancerShape), NextMarker: NextToken };
    },

    SetSubnets: (input) => {
      const balancer = requestedBalancer(account.current, input);
      const place = placeOf(input, balancer.type);
      if (place.vpc !== balancer.vpc) {
        throw new AwsError(
          "InvalidConfigurationRequest",
          "The subnets must be in the VPC of the load balancer",
        );
      }
      const changed = { ...balancer, ...place };
      account.putV2Balancer(changed);
      balancers.updateZones(changed.listeners.map(({ group }) => group));
      return { AvailabilityZones: balancerShape(changed)["AvailabilityZones"], IpAddressType: "ipv4" };
    },

    SetSecurityGroups: (input) => {
      const balancer = requestedBalancer(account.current, input);
      const groups = texts(input, "SecurityGroups");
      if (groups.length === 0) throw validationError("At least one security group must be specified");
      if (balancer.securityGroups.length === 0) {
        throw new AwsError(
          "InvalidConfigurationRequest",
          "Security groups cannot be set for a Network Load Balancer that was created without them",
        );
      }
      const securityGroups = checkGroups(groups, balancer.vpc);
      account.putV2Balancer({ ...balancer, securityGroups });
      return { SecurityGroupIds: securityGroups };
    },

    DescribeLoadBalancerAttributes: (input) => ({
      Attributes: attributeShapes(requestedBalancer(read(), input).attributes),
    }),

    ModifyLoadBalancerAttributes: (input) => {
      const balancer = requestedBalancer(account.current, input);
      const attributes = readAttributes(balancer.attributes, input, "Load balancer");
      account.putV2Balancer({ ...balancer, attributes });
      return { Attributes: attributeShapes(attributes) };
    },
  };
}
