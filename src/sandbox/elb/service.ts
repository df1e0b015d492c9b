/**
 * The sandbox's Classic Elastic Load Balancing service.
 *
 * @module
 */
import type { LoadBalancer } from "../account/load_balancer.ts";
import { DEFAULT_GROUP } from "../ec2/security_groups.ts";
import { VPC } from "../ec2/zones.ts";
import type { Service } from "../wire/action.ts";
import { balancerActions } from "./balancer_actions.ts";
import { instanceActions } from "./instance_actions.ts";
import type { ElbOptions, NewBalancer } from "./options.ts";
import { settingActions } from "./setting_actions.ts";

/** The sandbox's Classic ELB service, and functions that seed its account. */
export interface Elb {
  readonly service: Service;
  /** Adds a load balancer to the account. */
  create(balancer: NewBalancer): LoadBalancer;
  /** Registers an instance with a load balancer. */
  register(name: string, id: string): void;
}

/** Builds the sandbox's Classic Elastic Load Balancing service. */
export function elb(options: ElbOptions): Elb {
  const { clock, account, balancers, addresses } = options;

  const create: Elb["create"] = (balancer) => {
    const created: LoadBalancer = {
      dnsName: addresses.take(),
      createdAt: clock.now(),
      vpc: VPC,
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
      previouslyRegistered: new Set(),
      ...balancer,
    };
    balancers.addBalancer(created);
    return created;
  };

  const register: Elb["register"] = (name, id) => {
    const phase = account.current.balancers.get(name)?.registrations.get(id);
    // A repeated registration changes an instance only if the instance is draining.
    if (phase !== undefined && phase !== "draining") return;
    balancers.proxy(name)?.cancelDraining(id);
    account.setRegistration(name, id, "registering");
  };

  const service = {
    ...balancerActions(options, create),
    ...instanceActions(options, register),
    ...settingActions(options),
  };
  return { service, create, register };
}
