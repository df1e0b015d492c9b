/**
 * The sandbox's Elastic Load Balancing v2 service, with Application Load Balancers. Each listener forwards to one target group.
 * Source: ELB API 2015-12-01, and the user guide where the API reference does not specify the behaviour.
 *
 * @module
 */
import { DEFAULT_GROUP } from "../ec2/security_groups.ts";
import { balancerOfGroup } from "../account/snapshot.ts";
import { pageOf, requestedBalancer, requestedGroup, requestedOrAll } from "./lookup.ts";
import type { ElbV2Options } from "./options.ts";
import { targetGroupActions } from "./target_group_actions.ts";
import { balancerShape, checkName, checkProtocol, listenerShape } from "./shapes.ts";
import { integer, oneOf, required, shapes, text, texts, validationError } from "../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Service } from "../wire/action.ts";
import type { ApplicationBalancer } from "../account/load_balancer.ts";
import type { Snapshot } from "../account/snapshot.ts";

/** Builds the sandbox's Elastic Load Balancing v2 service. */
export function elbV2(options: ElbV2Options): Service {
  const { clock, account, balancers, addresses, faults, region, zones } = options;
  const read = (): Snapshot => account.snapshotAgo(faults.readAge());
  let arns = 0;
  const arn = (path: string): string => {
    const suffix = (++arns).toString(16).padStart(16, "0");
    return `arn:aws:elasticloadbalancing:${region}:${ACCOUNT_ID}:${path}/${suffix}`;
  };

  /** Sets the zones of a target group to the zones of its load balancer. Without a load balancer, the group has no zones. */
  const updateZones = (groupArn: string): void => {
    const group = account.current.targetGroups.get(groupArn);
    const zones = balancerOfGroup(account.current, groupArn)?.zones ?? [];
    if (group !== undefined && group.zones !== zones) account.putTargetGroups({ ...group, zones });
  };

  const removeListeners = (balancer: ApplicationBalancer, removed: readonly string[]): void => {
    const listeners = balancer.listeners.filter(({ arn }) => !removed.includes(arn));
    account.putApplicationBalancer({ ...balancer, listeners });
    for (const arn of removed) balancers.remove(arn);
    for (const { group } of balancer.listeners) updateZones(group);
  };

  return {
    ...targetGroupActions(options, arn),

    CreateLoadBalancer: (input) => {
      const name = checkName(required(text(input, "Name"), "Name"), "Load balancer");
      if (oneOf(input, "Type", ["application", "network", "gateway"]) === "network") {
        throw new AwsError(
          "OperationNotPermitted",
          "The sandbox supports Application and Classic Load Balancers only",
        );
      }
      if (texts(input, "Subnets").length + shapes(input, "SubnetMappings").length < 2) {
        throw validationError("At least two subnets in two different Availability Zones must be specified");
      }
      const existing = Array.from(account.current.applicationBalancers.values()).find((other) =>
        other.name === name
      );
      if (existing !== undefined) {
        throw new AwsError(
          "DuplicateLoadBalancerName",
          "A load balancer with the same name exists, but with different settings",
        );
      }
      const securityGroups = texts(input, "SecurityGroups");
      const created: ApplicationBalancer = {
        arn: arn(`loadbalancer/app/${name}`),
        name,
        dnsName: addresses.take(),
        createdAt: clock.now(),
        // The sandbox's only VPC has one subnet in each zone.
        zones,
        securityGroups: securityGroups.length > 0 ? securityGroups : [DEFAULT_GROUP.id],
        scheme: text(input, "Scheme") ?? "internet-facing",
        listeners: [],
      };
      account.putApplicationBalancer(created);
      return { LoadBalancers: [balancerShape(created)] };
    },

    // AWS does not report an error for the deletion of an unknown load balancer. Source: ELB API, DeleteLoadBalancer.
    DeleteLoadBalancer: (input) => {
      const arn = required(text(input, "LoadBalancerArn"), "LoadBalancerArn");
      const balancer = account.current.applicationBalancers.get(arn);
      if (balancer === undefined) return {};
      removeListeners(balancer, balancer.listeners.map(({ arn }) => arn));
      account.removeApplicationBalancer(balancer.arn);
      addresses.release(balancer.dnsName);
      return {};
    },

    DescribeLoadBalancers: (input) => {
      const all = read().applicationBalancers;
      const requested = requestedOrAll(all, input, "LoadBalancerArns", "LoadBalancerNotFound");
      const { items, NextToken } = pageOf(requested, input);
      return { LoadBalancers: items.map(balancerShape), NextMarker: NextToken };
    },

    CreateListener: (input) => {
      const balancer = requestedBalancer(account.current, input);
      checkProtocol(required(text(input, "Protocol"), "Protocol"));
      const port = required(integer(input, "Port", 1, 65_535), "Port");
      const [action, ...more] = shapes(input, "DefaultActions");
      if (action === undefined || more.length > 0 || text(action, "Type") !== "forward") {
        throw validationError("In the sandbox, every listener must forward to exactly one target group");
      }
      const group = requestedGroup(account.current, { TargetGroupArn: text(action, "TargetGroupArn") });
      if (balancer.listeners.some((other) => other.port === port)) {
        throw new AwsError(
          "DuplicateListener",
          "A listener already exists on this port for this load balancer",
        );
      }
      const associated = balancerOfGroup(account.current, group.arn);
      if (associated !== undefined && associated.arn !== balancer.arn) {
        throw new AwsError(
          "TargetGroupAssociationLimit",
          `The following target groups cannot be associated with more than one load balancer: ${group.arn}`,
        );
      }
      const listener = {
        arn: arn(balancer.arn.replace(/^.*:loadbalancer/, "listener")),
        port,
        group: group.arn,
      };
      balancers.openListener(balancer.dnsName, listener);
      const changed = { ...balancer, listeners: [...balancer.listeners, listener] };
      account.putApplicationBalancer(changed);
      updateZones(group.arn);
      return { Listeners: [listenerShape(changed, listener)] };
    },

    DeleteListener: (input) => {
      const arn = required(text(input, "ListenerArn"), "ListenerArn");
      const balancer = Array.from(account.current.applicationBalancers.values())
        .find(({ listeners }) => listeners.some((listener) => listener.arn === arn));
      if (balancer === undefined) throw new AwsError("ListenerNotFound", "One or more listeners not found");
      removeListeners(balancer, [arn]);
      return {};
    },

    DescribeListeners: (input) => {
      const balancer = requestedBalancer(read(), input);
      return { Listeners: balancer.listeners.map((listener) => listenerShape(balancer, listener)) };
    },
  };
}
