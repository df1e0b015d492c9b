/**
 * Elastic Load Balancing v2 of the sandbox: Application Load Balancers whose listeners each send to one target group. Source: ELB
 * API 2015-12-01; its user guide where the reference is silent.
 *
 * @module
 */
import { DEFAULT_GROUP } from "../ec2/security_groups.ts";
import { balancerOf, chosenOf, groupOf, paged, userOf } from "../elb/found.ts";
import type { ElbV2Options } from "./options.ts";
import { targetGroupActions } from "./target_group_actions.ts";
import { checkedName, describeBalancer, describeListener, httpOnly } from "./target_groups.ts";
import { invalid, needed, shapes, text, texts, whole, word } from "../wire/input.ts";
import { ACCOUNT, AwsError, type Service } from "../wire/service.ts";
import type { ApplicationBalancer, Snapshot } from "../world.ts";

/** Builds Elastic Load Balancing v2. */
export function elbV2(options: ElbV2Options): Service {
  const { clock, world, balancers, addresses, faults, region, zones } = options;
  const read = (): Snapshot => world.ago(faults.staleReads);
  let made = 0;
  const arn = (path: string): string => {
    const suffix = (++made).toString(16).padStart(16, "0");
    return `arn:aws:elasticloadbalancing:${region}:${ACCOUNT}:${path}/${suffix}`;
  };

  /** Has a group's targets be reached through a load balancer, or through none any more. */
  const route = (groupArn: string): void => {
    const group = world.now.targetGroups.get(groupArn);
    const zones = userOf(world.now, groupArn)?.zones ?? [];
    if (group !== undefined && group.zones !== zones) world.putTargetGroups({ ...group, zones });
  };

  const unlisten = (balancer: ApplicationBalancer, gone: readonly string[]): void => {
    const listeners = balancer.listeners.filter(({ arn }) => !gone.includes(arn));
    world.putApplicationBalancer({ ...balancer, listeners });
    for (const arn of gone) balancers.close(arn);
    for (const { group } of balancer.listeners) route(group);
  };

  return {
    ...targetGroupActions(options, arn),

    CreateLoadBalancer: (input) => {
      const name = checkedName(needed(text(input, "Name"), "Name"), "Load balancer");
      if (word(input, "Type", ["application", "network", "gateway"]) === "network") {
        throw new AwsError(
          "OperationNotPermitted",
          "The sandbox has Application and Classic Load Balancers only",
        );
      }
      if (texts(input, "Subnets").length + shapes(input, "SubnetMappings").length < 2) {
        throw invalid("At least two subnets in two different Availability Zones must be specified");
      }
      const named = Array.from(world.now.applicationBalancers.values()).find((other) => other.name === name);
      if (named !== undefined) {
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
        created: clock.now(),
        // A subnet stands for its zone; the sandbox's one network has a subnet in each.
        zones,
        securityGroups: securityGroups.length > 0 ? securityGroups : [DEFAULT_GROUP.id],
        scheme: text(input, "Scheme") ?? "internet-facing",
        listeners: [],
      };
      world.putApplicationBalancer(created);
      return { LoadBalancers: [describeBalancer(created)] };
    },

    // Deleting what is not there succeeds. Source: ELB API, DeleteLoadBalancer.
    DeleteLoadBalancer: (input) => {
      const arn = needed(text(input, "LoadBalancerArn"), "LoadBalancerArn");
      const balancer = world.now.applicationBalancers.get(arn);
      if (balancer === undefined) return {};
      unlisten(balancer, balancer.listeners.map(({ arn }) => arn));
      world.dropApplicationBalancer(balancer.arn);
      addresses.release(balancer.dnsName);
      return {};
    },

    DescribeLoadBalancers: (input) => {
      const all = read().applicationBalancers;
      const chosen = chosenOf(all, input, "LoadBalancerArns", "LoadBalancerNotFound");
      const { items, NextToken } = paged(chosen, input);
      return { LoadBalancers: items.map(describeBalancer), NextMarker: NextToken };
    },

    CreateListener: (input) => {
      const balancer = balancerOf(world.now, input);
      httpOnly(needed(text(input, "Protocol"), "Protocol"));
      const port = needed(whole(input, "Port", 1, 65_535), "Port");
      const [action, ...more] = shapes(input, "DefaultActions");
      if (action === undefined || more.length > 0 || text(action, "Type") !== "forward") {
        throw invalid("The sandbox's listeners forward to one target group");
      }
      const group = groupOf(world.now, { TargetGroupArn: text(action, "TargetGroupArn") });
      if (balancer.listeners.some((other) => other.port === port)) {
        throw new AwsError(
          "DuplicateListener",
          "A listener already exists on this port for this load balancer",
        );
      }
      const user = userOf(world.now, group.arn);
      if (user !== undefined && user.arn !== balancer.arn) {
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
      balancers.listen(balancer.dnsName, listener);
      const changed = { ...balancer, listeners: [...balancer.listeners, listener] };
      world.putApplicationBalancer(changed);
      route(group.arn);
      return { Listeners: [describeListener(changed, listener)] };
    },

    DeleteListener: (input) => {
      const arn = needed(text(input, "ListenerArn"), "ListenerArn");
      const balancer = Array.from(world.now.applicationBalancers.values())
        .find(({ listeners }) => listeners.some((listener) => listener.arn === arn));
      if (balancer === undefined) throw new AwsError("ListenerNotFound", "One or more listeners not found");
      unlisten(balancer, [arn]);
      return {};
    },

    DescribeListeners: (input) => {
      const balancer = balancerOf(read(), input);
      return { Listeners: balancer.listeners.map((listener) => describeListener(balancer, listener)) };
    },
  };
}
