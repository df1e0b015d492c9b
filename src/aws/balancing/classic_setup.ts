/**
 * Creates, changes and deletes Classic Load Balancers.
 *
 * @module
 */
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { isNotFound, listIn } from "../errors.ts";
import { elb, findBalancer } from "./classic_balancer.ts";
import { longestDelay } from "./draining.ts";
import { isOfSetup, setupTags, type Tag } from "./setup_tags.ts";

/** The target of the health check: the worker's /ping. */
export const HEALTH_CHECK_TARGET = `HTTP:${WORKER_PORT}/ping`;

/**
 * An instance is in service after two passed checks (20 s), and out of service after three failed checks (30 s). A
 * worker answers /ping within milliseconds at full load, so five seconds without an answer are a failure.
 */
const HEALTH_CHECK = {
  Target: HEALTH_CHECK_TARGET,
  Interval: 10,
  Timeout: 5,
  HealthyThreshold: 2,
  UnhealthyThreshold: 3,
} as const;

/**
 * The bounds that ELB sets for the draining timeout, in s. Source: ELB API, ConnectionDraining, and CLB guide,
 * "Connection draining".
 */
const DRAINING_BOUNDS = { least: 1, most: 3_600 };

/**
 * Returns settings with which draining ends within `drainTimeout` (ms). Draining lets a deregistered instance finish
 * its requests (R10).
 */
function drainingFor(drainTimeout: number) {
  const { least, most } = DRAINING_BOUNDS;
  return { Enabled: true, Timeout: Math.max(least, Math.min(most, longestDelay(drainTimeout))) };
}

/** Changes the draining settings of a load balancer so that draining ends within `drainTimeout` (ms). */
export async function setDraining(aws: Aws, name: string, drainTimeout: number): Promise<void> {
  const [client, { ModifyLoadBalancerAttributesCommand }] = await elb(aws);
  const LoadBalancerAttributes = { ConnectionDraining: drainingFor(drainTimeout) };
  await client.send(
    new ModifyLoadBalancerAttributesCommand({ LoadBalancerName: name, LoadBalancerAttributes }),
  );
}

/**
 * Where a new load balancer is: in zones of the default VPC, where ELB creates a security group for it, or in subnets of another
 * VPC, one a zone, with security groups. Source: ELB API, CreateLoadBalancer.
 */
export type Placement =
  | { readonly zones: readonly string[] }
  | { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] };

/** The settings of a new load balancer. */
export interface NewBalancer {
  readonly name: string;
  /** The autoscaler's drain timeout, in ms. */
  readonly drainTimeout: number;
  /** The fleet for which `kas admin setup` creates the load balancer. Undefined: the load balancer gets no tags. */
  readonly fleet?: string;
}

/**
 * Creates a load balancer, with an HTTP listener, the health check and draining. An existing load
 * balancer gets the health check and the attributes, and keeps its listeners and zones. Returns its DNS name.
 */
export async function createBalancer(
  aws: Aws,
  { name, drainTimeout, fleet }: NewBalancer,
  placement: Placement,
): Promise<string> {
  const [client, commands] = await elb(aws);
  const { CreateLoadBalancerCommand, ConfigureHealthCheckCommand, ModifyLoadBalancerAttributesCommand } =
    commands;
  let dnsName = (await findBalancer(aws, name))?.dnsName;
  if (dnsName === undefined) {
    const listener = {
      Protocol: "HTTP",
      LoadBalancerPort: WORKER_PORT,
      InstanceProtocol: "HTTP",
      InstancePort: WORKER_PORT,
    };
    const where = "zones" in placement
      ? { AvailabilityZones: [...placement.zones] }
      : { Subnets: [...placement.subnets], SecurityGroups: [...placement.securityGroups] };
    const tags = fleet === undefined ? {} : { Tags: setupTags(fleet) };
    const request = { LoadBalancerName: name, Listeners: [listener], ...where, ...tags };
    // Only this answer has the name for sure: ELB may not list a new load balancer yet.
    ({ DNSName: dnsName = "" } = await client.send(new CreateLoadBalancerCommand(request)));
  }
  await client.send(new ConfigureHealthCheckCommand({ LoadBalancerName: name, HealthCheck: HEALTH_CHECK }));
  // With cross-zone load balancing, each instance gets the same share of the requests, however many instances its zone
  // has.
  const LoadBalancerAttributes = {
    ConnectionDraining: drainingFor(drainTimeout),
    CrossZoneLoadBalancing: { Enabled: true },
  };
  await client.send(
    new ModifyLoadBalancerAttributesCommand({ LoadBalancerName: name, LoadBalancerAttributes }),
  );
  return dnsName;
}

/** Adds subnets to a load balancer, each in another zone. Instances in zones without a subnet stay out of service. */
export async function attachSubnets(aws: Aws, name: string, subnets: readonly string[]): Promise<void> {
  const [client, { AttachLoadBalancerToSubnetsCommand }] = await elb(aws);
  await client.send(
    new AttachLoadBalancerToSubnetsCommand({ LoadBalancerName: name, Subnets: [...subnets] }),
  );
}

/** Adds zones to a load balancer in the default VPC. Instances in other zones stay out of service. */
export async function enableZones(aws: Aws, name: string, zones: readonly string[]): Promise<void> {
  const [client, { EnableAvailabilityZonesForLoadBalancerCommand }] = await elb(aws);
  const request = { LoadBalancerName: name, AvailabilityZones: [...zones] };
  await client.send(new EnableAvailabilityZonesForLoadBalancerCommand(request));
}

/** Returns whether the tags of a load balancer say that setup created it for the fleet. */
export async function isBalancerOfSetup(
  aws: Aws,
  name: string,
  fleet: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    return isOfSetup(await classicTags(aws, name, signal), fleet);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return false;
  }
}

/** The tags of a load balancer. */
export async function classicTags(aws: Aws, name: string, signal?: AbortSignal): Promise<readonly Tag[]> {
  const [client, { DescribeTagsCommand }] = await elb(aws);
  const command = new DescribeTagsCommand({ LoadBalancerNames: [name] });
  const { TagDescriptions } = await client.send(command, sendOptions(signal));
  return listIn(TagDescriptions, "ELB", "tags").flatMap(({ Tags }) => Tags ?? []);
}

/** Deletes a load balancer. Has no effect if it does not exist. */
export async function deleteBalancer(aws: Aws, name: string): Promise<void> {
  const [client, { DeleteLoadBalancerCommand }] = await elb(aws);
  await client.send(new DeleteLoadBalancerCommand({ LoadBalancerName: name }));
}
