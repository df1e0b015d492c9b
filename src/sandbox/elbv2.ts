/**
 * Elastic Load Balancing v2 of the sandbox: Application Load Balancers whose listeners each send to one target group, and
 * the registration and health of its targets. Source: ELB API 2015-12-01; its user guide where the reference is silent.
 *
 * @module
 */
import type { Addresses } from "./addresses.ts";
import { DEFAULT_GROUP } from "./ec2/security_groups.ts";
import type { Balancers } from "./elb/balancers.ts";
import {
  checkedName,
  DELAY,
  describeBalancer,
  describeGroup,
  describeListener,
  health,
  httpOnly,
  readGroup,
  readHealthCheck,
} from "./elb/target_groups.ts";
import type { Faults } from "./faults.ts";
import { invalid, needed, shapes, text, texts, whole, word } from "./input.ts";
import { page } from "./paging.ts";
import { ACCOUNT, AwsError, type Clock, type Service, type Shape } from "./service.ts";
import type { ApplicationBalancer, Snapshot, TargetGroup, World } from "./world.ts";

/** What ELB v2 is made of. */
export interface ElbV2Options {
  readonly clock: Clock;
  readonly world: World;
  readonly balancers: Balancers;
  readonly addresses: Addresses;
  readonly faults: Faults;
  readonly region: string;
  /** The zones that there are. */
  readonly zones: readonly string[];
}

/** Builds Elastic Load Balancing v2. */
export function elbV2({ clock, world, balancers, addresses, faults, region, zones }: ElbV2Options): Service {
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

    CreateTargetGroup: (input) => {
      const wish = readGroup(input);
      const same = Array.from(world.now.targetGroups.values()).find(({ name }) => name === wish.name);
      if (same !== undefined) {
        if (JSON.stringify({ ...same, ...wish }) !== JSON.stringify(same)) {
          throw new AwsError(
            "DuplicateTargetGroupName",
            `A target group with the name '${wish.name}' exists, but with different settings`,
          );
        }
        return { TargetGroups: [describeGroup(same, userOf(world.now, same.arn)?.arn)] };
      }
      const created: TargetGroup = {
        ...wish,
        arn: arn(`targetgroup/${wish.name}`),
        zones: [],
        delay: 300,
        registrations: new Map(),
        formerly: new Set(),
      };
      balancers.openGroup(created);
      return { TargetGroups: [describeGroup(created, undefined)] };
    },

    DeleteTargetGroup: (input) => {
      const arn = needed(text(input, "TargetGroupArn"), "TargetGroupArn");
      if (userOf(world.now, arn) !== undefined) {
        throw new AwsError(
          "ResourceInUse",
          `Target group '${arn}' is currently in use by a listener or a rule`,
        );
      }
      balancers.close(arn);
      return {};
    },

    DescribeTargetGroups: (input) => {
      const snapshot = read();
      const chosen = chosenOf(snapshot.targetGroups, input, "TargetGroupArns", "TargetGroupNotFound");
      const balancer = text(input, "LoadBalancerArn");
      const shown = balancer === undefined
        ? chosen
        : chosen.filter(({ arn }) => userOf(snapshot, arn)?.arn === balancer);
      const { items, NextToken } = paged(shown, input);
      return {
        TargetGroups: items.map((group) => describeGroup(group, userOf(snapshot, group.arn)?.arn)),
        NextMarker: NextToken,
      };
    },

    ModifyTargetGroup: (input) => {
      const group = groupOf(world.now, input);
      const changed = { ...group, ...readHealthCheck(input, group.port, group) };
      world.putTargetGroups(changed);
      return { TargetGroups: [describeGroup(changed, userOf(world.now, group.arn)?.arn)] };
    },

    DescribeTargetGroupAttributes: (input) => ({ Attributes: attributes(groupOf(read(), input)) }),

    ModifyTargetGroupAttributes: (input) => {
      let group = groupOf(world.now, input);
      for (const attribute of shapes(input, "Attributes")) {
        const key = needed(text(attribute, "Key"), "Key");
        if (key !== DELAY) throw invalid(`Target group attribute key '${key}' is not recognized`);
        group = { ...group, delay: needed(whole(attribute, "Value", 0, 3_600), "Value") };
      }
      world.putTargetGroups(group);
      return { Attributes: attributes(group) };
    },

    RegisterTargets: (input) => {
      const group = groupOf(world.now, input);
      const ids = targetIds(input, group);
      const unknown = ids.find((id) => !world.now.instances.has(id));
      if (unknown !== undefined) throw invalidTarget(`The following targets are not valid: '${unknown}'`);
      const idle = ids.filter((id) => world.now.instances.get(id)?.state !== "running");
      if (idle.length > 0) {
        throw invalidTarget(
          "The following targets are not in a running state and cannot be registered: " +
            idle.map((id) => `'${id}'`).join(", "),
        );
      }
      for (const id of ids) {
        const phase = world.now.targetGroups.get(group.arn)?.registrations.get(id);
        // Registering again changes nothing, unless the target is on its way out.
        if (phase !== undefined && phase !== "draining") continue;
        balancers.proxy(group.arn)?.takeBack(id);
        world.setRegistration(group.arn, id, "registering");
      }
      return {};
    },

    // One that is not registered is no error. Source: ELB API, DeregisterTargets.
    DeregisterTargets: (input) => {
      const group = groupOf(world.now, input);
      for (const id of targetIds(input, group)) {
        const phase = group.registrations.get(id);
        if (phase === undefined || phase === "draining") continue;
        if (group.zones.length > 0) balancers.proxy(group.arn)?.drain(id);
        else world.setRegistration(group.arn, id, undefined);
      }
      return {};
    },

    DescribeTargetHealth: (input) => {
      const snapshot = read();
      const group = groupOf(snapshot, input);
      const asked = targetIds(input, group);
      const ids = asked.length > 0 ? asked : [...group.registrations.keys()];
      return {
        TargetHealthDescriptions: ids.map((id) => health(id, group, snapshot.instances.get(id))),
      };
    },
  };
}

/** The load balancer that sends to a group. */
function userOf({ applicationBalancers }: Snapshot, group: string): ApplicationBalancer | undefined {
  return Array.from(applicationBalancers.values())
    .find(({ listeners }) => listeners.some((listener) => listener.group === group));
}

function groupOf({ targetGroups }: Snapshot, input: Shape): TargetGroup {
  const group = targetGroups.get(needed(text(input, "TargetGroupArn"), "TargetGroupArn"));
  if (group === undefined) throw new AwsError("TargetGroupNotFound", "One or more target groups not found");
  return group;
}

function balancerOf({ applicationBalancers }: Snapshot, input: Shape): ApplicationBalancer {
  const balancer = applicationBalancers.get(needed(text(input, "LoadBalancerArn"), "LoadBalancerArn"));
  if (balancer === undefined) {
    throw new AwsError("LoadBalancerNotFound", "One or more load balancers not found");
  }
  return balancer;
}

/** The resources that a request names by ARN or name, each of which must be there; all of them where it names none. */
function chosenOf<T extends { readonly arn: string; readonly name: string }>(
  all: ReadonlyMap<string, T>,
  input: Shape,
  arns: string,
  code: string,
): readonly T[] {
  const names = texts(input, "Names");
  const wanted = [...texts(input, arns), ...names];
  if (wanted.length === 0) return [...all.values()];
  return wanted.map((word) => {
    const found = all.get(word) ?? Array.from(all.values()).find(({ name }) => name === word);
    if (found === undefined) throw new AwsError(code, `'${word}' not found`);
    return found;
  });
}

function paged<T extends { readonly arn: string }>(items: readonly T[], input: Shape) {
  const size = whole(input, "PageSize", 1, 400) ?? 400;
  return page(items, ({ arn }) => arn, size, text(input, "Marker"), () => invalid("Invalid Marker"));
}

function attributes({ delay }: TargetGroup): Shape[] {
  return [{ Key: DELAY, Value: String(delay) }];
}

/** The ids of a request's targets, at the group's own port. Throws AwsError. */
function targetIds(input: Shape, group: TargetGroup): string[] {
  return shapes(input, "Targets").map((target) => {
    if ((whole(target, "Port", 1, 65_535) ?? group.port) !== group.port) {
      throw invalid("The sandbox's targets are at their group's own port");
    }
    return needed(text(target, "Id"), "Id");
  });
}

function invalidTarget(message: string): AwsError {
  return new AwsError("InvalidTarget", message);
}
