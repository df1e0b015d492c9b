/**
 * Classic Load Balancers.
 *
 * @module
 */
import type {
  ElasticLoadBalancingClient,
  InstanceState as SdkHealth,
  LoadBalancerDescription,
} from "@aws-sdk/client-elastic-load-balancing";
import { type Registration, WORKER_PORT } from "../../scaling/model/instance.ts";
import { type Aws, sendOptions } from "../clients.ts";
import type { Metric } from "../cloudwatch/metric.ts";
import { IncompleteAnswerError, isNotFound, isNotRegistrable, listIn } from "../errors.ts";
import { longestDelay } from "./draining.ts";
import { beforeEachAttempt, type Precondition } from "../middleware.ts";
import { pages } from "../pages.ts";
import type { Balancer, Health } from "./health.ts";

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

/** ELB's largest page. Source: ELB API, DescribeLoadBalancers, PageSize. */
const PAGE_SIZE = 400;

/** Finds a load balancer by its name. */
export async function findBalancer(
  aws: Aws,
  name: string,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  const found = await describeBalancer(aws, name, signal);
  return found && balancerOf(found);
}

/** AWS's description of a load balancer. Undefined if it does not exist. */
export async function describeBalancer(
  aws: Aws,
  name: string,
  signal?: AbortSignal,
): Promise<LoadBalancerDescription | undefined> {
  try {
    for await (const found of descriptions(aws, signal, name)) return found;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}

/**
 * Lists the account's Classic Load Balancers. With `name`, lists only this one, and throws LoadBalancerNotFound if it
 * does not exist.
 */
export async function* listBalancers(
  aws: Aws,
  signal?: AbortSignal,
  name?: string,
): AsyncGenerator<Balancer, void> {
  for await (const found of descriptions(aws, signal, name)) yield balancerOf(found);
}

async function* descriptions(
  aws: Aws,
  signal: AbortSignal | undefined,
  name: string | undefined,
): AsyncGenerator<LoadBalancerDescription, void> {
  const [client, { DescribeLoadBalancersCommand }] = await elb(aws);
  const which = name === undefined ? { PageSize: PAGE_SIZE } : { LoadBalancerNames: [name] };
  const answers = pages(
    (Marker) => client.send(new DescribeLoadBalancersCommand({ ...which, Marker }), sendOptions(signal)),
    ({ NextMarker }) => NextMarker,
  );
  for await (const { LoadBalancerDescriptions } of answers) {
    yield* listIn(LoadBalancerDescriptions, "ELB", "load balancers");
  }
}

/**
 * The health of each registered or draining instance. Throws LoadBalancerNotFound, and IncompleteAnswerError if ELB
 * could not read an instance's health.
 */
export async function health(aws: Aws, name: string, signal?: AbortSignal): Promise<Health[]> {
  const [client, { DescribeInstanceHealthCommand }] = await elb(aws);
  const command = new DescribeInstanceHealthCommand({ LoadBalancerName: name });
  const { InstanceStates } = await client.send(command, sendOptions(signal));
  return listIn(InstanceStates, "ELB", "instances").map(healthOf).filter(({ registration }) =>
    registration !== "none"
  );
}

/**
 * Registers instances. Registering them again changes nothing. Returns when ELB has accepted the call, before the first
 * health check.
 */
export async function register(
  aws: Aws,
  name: string,
  ids: string | readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const [client, { RegisterInstancesWithLoadBalancerCommand }] = await elb(aws);
  const request = { LoadBalancerName: name, Instances: [ids].flat().map((InstanceId) => ({ InstanceId })) };
  await client.send(new RegisterInstancesWithLoadBalancerCommand(request), sendOptions(signal));
}

/** Deregisters instances, which then drain. Has no effect on an instance that is not registered. */
export async function deregister(
  aws: Aws,
  name: string,
  ids: string | readonly string[],
  signal?: AbortSignal,
  precondition?: Precondition,
): Promise<void> {
  const [client, { DeregisterInstancesFromLoadBalancerCommand }] = await elb(aws);
  const request = { LoadBalancerName: name, Instances: [ids].flat().map((InstanceId) => ({ InstanceId })) };
  const command = new DeregisterInstancesFromLoadBalancerCommand(request);
  if (precondition !== undefined) beforeEachAttempt(command.middlewareStack, precondition);
  try {
    await client.send(command, sendOptions(signal));
  } catch (error) {
    // ELB answers with this error if an instance was never registered or is terminated. It then deregisters none of the others.
    if ([ids].flat().length > 1 || !isNotRegistrable(error)) throw error;
  }
}

/**
 * How long ELB lets a deregistered instance finish its requests, in seconds. 0 if ELB cuts the requests off at once.
 * Throws LoadBalancerNotFound.
 */
export async function drainingTimeout(aws: Aws, name: string, signal?: AbortSignal): Promise<number> {
  const [client, { DescribeLoadBalancerAttributesCommand }] = await elb(aws);
  const command = new DescribeLoadBalancerAttributesCommand({ LoadBalancerName: name });
  const { LoadBalancerAttributes } = await client.send(command, sendOptions(signal));
  if (LoadBalancerAttributes === undefined) throw new IncompleteAnswerError("ELB's answer has no attributes");
  const { Enabled = false, Timeout = 300 } = LoadBalancerAttributes.ConnectionDraining ?? {};
  return Enabled ? Timeout : 0;
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

/**
 * Creates a load balancer, with an HTTP listener, the health check and draining. An existing load
 * balancer gets the health check and the attributes, and keeps its listeners and zones. Returns its DNS name.
 */
export async function createBalancer(
  aws: Aws,
  name: string,
  placement: Placement,
  drainTimeout: number,
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
    const request = { LoadBalancerName: name, Listeners: [listener], ...where };
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

/** Deletes a load balancer. Has no effect if it does not exist. */
export async function deleteBalancer(aws: Aws, name: string): Promise<void> {
  const [client, { DeleteLoadBalancerCommand }] = await elb(aws);
  await client.send(new DeleteLoadBalancerCommand({ LoadBalancerName: name }));
}

/**
 * The CloudWatch metric that counts a load balancer's requests. Source: CLB guide, "CloudWatch metrics for your Classic
 * Load Balancer".
 */
export function requestsOf(name: string): Metric {
  return { namespace: "AWS/ELB", name: "RequestCount", dimensions: { LoadBalancerName: name } };
}

function elb(aws: Aws): Promise<[ElasticLoadBalancingClient, typeof import("../sdk/elb.ts")]> {
  return Promise.all([aws.elb(), import("../sdk/elb.ts")]);
}

function balancerOf(found: LoadBalancerDescription): Balancer {
  return {
    name: found.LoadBalancerName ?? "",
    dnsName: found.DNSName ?? "",
    instances: (found.Instances ?? []).map(({ InstanceId }) => InstanceId ?? ""),
    healthCheck: found.HealthCheck?.Target ?? "",
    ports: (found.ListenerDescriptions ?? []).flatMap(({ Listener }) => Listener?.InstancePort ?? []),
    zones: found.AvailabilityZones ?? [],
    securityGroups: found.SecurityGroups ?? [],
    requests: requestsOf(found.LoadBalancerName ?? ""),
  };
}

/**
 * Matches the description of an instance in a zone that is not enabled at the load balancer: "Instance is in the EC2
 * Availability Zone for which LoadBalancer is not configured to route traffic to." Source: ELB API, InstanceState.
 */
const NOT_SERVED = /^Instance is in the EC2 Availability Zone for which LoadBalancer is not configured/;

function healthOf({ InstanceId, State, ReasonCode, Description }: SdkHealth): Health {
  // Source: ELB API, InstanceState: "A transient error occurred. Please try again later."
  if (Description?.startsWith("A transient error")) {
    throw new IncompleteAnswerError(`ELB did not read the health of ${InstanceId}: ${Description}`);
  }
  return {
    id: InstanceId ?? "",
    state: State ?? "Unknown",
    reasonCode: ReasonCode ?? "N/A",
    description: Description ?? "N/A",
    registration: registrationOf(State, Description ?? ""),
    unused: NOT_SERVED.test(Description ?? ""),
  };
}

/** Only the description shows whether an instance is draining or not registered. Source: ELB API, InstanceState. */
function registrationOf(state: string | undefined, description: string): Registration {
  if (description.startsWith("Instance deregistration currently in progress")) return "draining";
  if (/is not currently registered/.test(description)) return "none";
  return state === "InService" ? "in-service" : "out-of-service";
}
