/**
 * Classic Elastic Load Balancing of the sandbox: load balancers, their attributes, and instances' registration and health.
 * Source: ELB API 2012-06-01; AWS's observed behaviour where the reference is silent.
 *
 * @module
 */
import type { AddressPool } from "../machines/addresses.ts";
import { DEFAULT_GROUP } from "../ec2/security_groups.ts";
import type { Balancers } from "./balancers.ts";
import {
  attributeShape,
  changedAttributes,
  describe,
  health,
  listeners,
  readHealthCheck,
  shapeOfHealthCheck,
} from "./view.ts";
import type { Faults } from "../faults.ts";
import { invalid, needed, shape, shapes, text, texts, whole } from "../wire/input.ts";
import { page } from "../wire/paging.ts";
import { AwsError, type Clock, type Service, type Shape } from "../wire/service.ts";
import type { Listener, LoadBalancer, Snapshot, World } from "../world.ts";

/** Source: CLB guide, elb-limits. */
const MOST_BALANCERS = 20;
const MOST_TAGS = 10;

/** What ELB is made of. */
export interface ElbOptions {
  readonly clock: Clock;
  readonly world: World;
  readonly balancers: Balancers;
  readonly addresses: AddressPool;
  readonly faults: Faults;
  /** The zones that there are. */
  readonly zones: readonly string[];
}

/** ELB and what seeds its account. */
export interface Elb {
  readonly service: Service;
  /** Adds a load balancer with AWS's default settings, except for those given. */
  create(balancer: Pick<LoadBalancer, "name" | "zones" | "listeners"> & Partial<LoadBalancer>): LoadBalancer;
  /** Registers an instance. */
  register(name: string, id: string): void;
}

/** Builds Elastic Load Balancing. */
export function elb({ clock, world, balancers, addresses, faults, zones }: ElbOptions): Elb {
  const read = (): Snapshot => world.ago(faults.staleReads);

  const create: Elb["create"] = (balancer) => {
    const created: LoadBalancer = {
      dnsName: addresses.take(),
      created: clock.now(),
      subnets: [],
      securityGroups: [DEFAULT_GROUP.id],
      scheme: "internet-facing",
      healthCheck: {
        target: "TCP:80",
        interval: 30,
        timeout: 5,
        unhealthyThreshold: 2,
        healthyThreshold: 10,
      },
      attributes: { crossZone: false, draining: false, drainingTimeout: 300, idleTimeout: 60 },
      tags: {},
      registrations: new Map(),
      formerly: new Set(),
      ...balancer,
    };
    balancers.open(created);
    return created;
  };

  const register: Elb["register"] = (name, id) => {
    const phase = world.now.balancers.get(name)?.registrations.get(id);
    // Registering again changes nothing, unless the instance is on its way out.
    if (phase !== undefined && phase !== "draining") return;
    balancers.proxy(name)?.takeBack(id);
    world.setRegistration(name, id, "registering");
  };

  /** The instances that a request names, each of which must be there. */
  const instanceIds = (input: Shape): string[] => {
    const ids = shapes(input, "Instances").map((instance) =>
      needed(text(instance, "InstanceId"), "InstanceId")
    );
    if (ids.length === 0) throw invalid("At least one instance is needed");
    return ids;
  };

  const checkZones = (wish: readonly string[]): void => {
    const odd = wish.find((zone) => !zones.includes(zone));
    if (odd !== undefined) throw invalid(`Invalid availability zone: ${odd}`);
  };

  const change = (input: Shape, changes: (balancer: LoadBalancer) => Partial<LoadBalancer>): LoadBalancer => {
    const balancer = named(world.now, input);
    const changed = { ...balancer, ...changes(balancer) };
    world.putBalancer(changed);
    return changed;
  };

  const registered = (name: string): Shape => ({
    Instances: Array.from(world.now.balancers.get(name)?.registrations ?? [])
      .filter(([, phase]) => phase !== "draining")
      .map(([InstanceId]) => ({ InstanceId })),
  });

  const service: Service = {
    CreateLoadBalancer: (input) => {
      const name = needed(text(input, "LoadBalancerName"), "LoadBalancerName");
      if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(name)) {
        throw invalid(
          "LoadBalancerName must be 1 to 32 letters, digits and hyphens, with no hyphen at its ends",
        );
      }
      const wish = {
        zones: texts(input, "AvailabilityZones"),
        subnets: texts(input, "Subnets"),
        listeners: listeners(input),
      };
      if (wish.zones.length === 0 && wish.subnets.length === 0) {
        throw invalid("Either AvailabilityZones or SubnetIds must be specified");
      }
      checkZones(wish.zones);
      const tags = tagsOf(input);
      const securityGroups = texts(input, "SecurityGroups");
      const same = world.now.balancers.get(name);
      if (same !== undefined) {
        if (isSame(same, wish.listeners)) return { DNSName: same.dnsName };
        throw new AwsError(
          "DuplicateLoadBalancerName",
          `Load balancer ${name} is there already, with other settings`,
        );
      }
      if (world.now.balancers.size >= MOST_BALANCERS) {
        throw new AwsError(
          "TooManyLoadBalancers",
          "The quota for the number of load balancers has been reached",
        );
      }
      const { dnsName } = create({
        name,
        ...wish,
        // A subnet stands for its zone; the sandbox's one network has a subnet in each.
        zones: wish.zones.length > 0 ? wish.zones : zones,
        ...(securityGroups.length === 0 ? {} : { securityGroups }),
        scheme: text(input, "Scheme") ?? "internet-facing",
        tags,
      });
      return { DNSName: dnsName };
    },

    EnableAvailabilityZonesForLoadBalancer: (input) => {
      const wish = texts(input, "AvailabilityZones");
      if (wish.length === 0) throw invalid("AvailabilityZones must have at least one zone");
      checkZones(wish);
      const { zones } = change(
        input,
        (balancer) => ({ zones: [...new Set([...balancer.zones, ...wish])].sort() }),
      );
      return { AvailabilityZones: zones };
    },

    // Deleting what is not there succeeds. Source: ELB API, DeleteLoadBalancer.
    DeleteLoadBalancer: (input) => {
      const balancer = world.now.balancers.get(needed(text(input, "LoadBalancerName"), "LoadBalancerName"));
      if (balancer === undefined) return;
      balancers.close(balancer.name);
      addresses.release(balancer.dnsName);
    },

    DescribeLoadBalancers: (input) => {
      const names = texts(input, "LoadBalancerNames");
      const snapshot = read();
      const chosen = names.length > 0
        ? names.map((LoadBalancerName) => named(snapshot, { LoadBalancerName }))
        : [...snapshot.balancers.values()];
      const { items, NextToken } = page(
        chosen,
        ({ name }) => name,
        whole(input, "PageSize", 1, 400) ?? 400,
        text(input, "Marker"),
        () => invalid("Invalid Marker"),
      );
      return { LoadBalancerDescriptions: items.map(describe), NextMarker: NextToken };
    },

    RegisterInstancesWithLoadBalancer: (input) => {
      const { name } = named(world.now, input);
      const ids = instanceIds(input);
      for (const id of ids) {
        const state = world.now.instances.get(id)?.state;
        if (state === undefined || state === "terminated" || state === "shutting-down") {
          throw invalidInstance(id);
        }
      }
      for (const id of ids) register(name, id);
      return registered(name);
    },

    DeregisterInstancesFromLoadBalancer: (input) => {
      const { name, registrations, formerly } = named(world.now, input);
      const ids = instanceIds(input);
      // One that never was registered fails the whole call; one that once was does not.
      const never = ids.find((id) => !registrations.has(id) && !formerly.has(id));
      if (never !== undefined) throw invalidInstance(never);
      for (const id of ids) {
        const phase = world.now.balancers.get(name)?.registrations.get(id);
        if (phase !== undefined && phase !== "draining") balancers.proxy(name)?.drain(id);
      }
      return registered(name);
    },

    DescribeInstanceHealth: (input) => {
      const snapshot = read();
      const balancer = named(snapshot, input);
      const asked = shapes(input, "Instances").map((instance) =>
        needed(text(instance, "InstanceId"), "InstanceId")
      );
      for (const id of asked) if (!snapshot.instances.has(id)) throw invalidInstance(id);
      const ids = asked.length > 0 ? asked : [...balancer.registrations.keys()];
      return { InstanceStates: ids.map((id) => health(id, balancer, snapshot.instances.get(id))) };
    },

    ConfigureHealthCheck: (input) => {
      const healthCheck = readHealthCheck(needed(shape(input, "HealthCheck"), "HealthCheck"));
      change(input, () => ({ healthCheck }));
      return { HealthCheck: shapeOfHealthCheck(healthCheck) };
    },

    DescribeLoadBalancerAttributes: (input) => ({
      LoadBalancerAttributes: attributeShape(named(read(), input).attributes),
    }),

    ModifyLoadBalancerAttributes: (input) => {
      const wish = needed(shape(input, "LoadBalancerAttributes"), "LoadBalancerAttributes");
      const { name, attributes } = change(
        input,
        ({ attributes }) => ({ attributes: changedAttributes(attributes, wish) }),
      );
      return { LoadBalancerName: name, LoadBalancerAttributes: attributeShape(attributes) };
    },

    AddTags: (input) => {
      const tags = tagsOf(input);
      for (const LoadBalancerName of texts(input, "LoadBalancerNames")) {
        change({ LoadBalancerName }, (balancer) => {
          const merged = { ...balancer.tags, ...tags };
          if (Object.keys(merged).length > MOST_TAGS) {
            throw new AwsError("TooManyTags", `More than ${MOST_TAGS} tags on a load balancer`);
          }
          return { tags: merged };
        });
      }
      return {};
    },

    DescribeTags: (input) => ({
      TagDescriptions: texts(input, "LoadBalancerNames").map((LoadBalancerName) => ({
        LoadBalancerName,
        Tags: Object.entries(named(read(), { LoadBalancerName }).tags).map(([Key, Value]) => ({
          Key,
          Value,
        })),
      })),
    }),
  };
  return { service, create, register };
}

function named({ balancers }: Snapshot, input: Shape): LoadBalancer {
  const name = needed(text(input, "LoadBalancerName"), "LoadBalancerName");
  const balancer = balancers.get(name);
  if (balancer === undefined) {
    throw new AwsError("LoadBalancerNotFound", `There is no ACTIVE Load Balancer named '${name}'`);
  }
  return balancer;
}

function isSame(balancer: LoadBalancer, wish: readonly Listener[]): boolean {
  return JSON.stringify(balancer.listeners) === JSON.stringify(wish);
}

function tagsOf(input: Shape): Record<string, string> {
  return Object.fromEntries(
    shapes(input, "Tags").map((tag) => [needed(text(tag, "Key"), "Key"), text(tag, "Value") ?? ""]),
  );
}

function invalidInstance(id: string): AwsError {
  return new AwsError("InvalidInstance", `Could not find EC2 instance ${id}.`);
}
