/**
 * Classic Load Balancers by name: who is registered, how they fare, and the balancer itself.
 *
 * @module
 */
import type {
  InstanceState as SdkHealth,
  LoadBalancerDescription,
} from "@aws-sdk/client-elastic-load-balancing";
import { type Registration, WORKER_PORT } from "../../scaling/model/instance.ts";
import type { Balancer, Health } from "./balancer.ts";
import { beforeEachAttempt, type Precondition } from "../calls.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { isNotFound, isNotRegistrable, listIn } from "../errors.ts";
import type { Metric } from "../cloudwatch/metric.ts";

/** What a balancer has to ask of a worker. */
export const HEALTH_CHECK_TARGET = `HTTP:${WORKER_PORT}/ping`;

/**
 * In service after two passed checks (20 s), out after three failed ones (30 s): a worker answers /ping in milliseconds under
 * full load, so that five seconds without an answer are a failure.
 */
const HEALTH_CHECK = {
  Target: HEALTH_CHECK_TARGET,
  Interval: 10,
  Timeout: 5,
  HealthyThreshold: 2,
  UnhealthyThreshold: 3,
} as const;

/** No request is cut off at deregistration (R10), and each instance gets its share whatever its zone. */
const ATTRIBUTES = {
  ConnectionDraining: { Enabled: true, Timeout: 300 },
  CrossZoneLoadBalancing: { Enabled: true },
} as const;

/** The load balancer of a name, undefined if there is none. */
export async function findBalancer(
  aws: Aws,
  name: string,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  try {
    for await (const found of listBalancers(aws, signal, name)) return found;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}

/** Every Classic Load Balancer of the account, page by page; with a name that one alone. Throws LoadBalancerNotFound. */
export async function* listBalancers(aws: Aws, signal?: AbortSignal, name?: string): AsyncIterable<Balancer> {
  const [client, { DescribeLoadBalancersCommand }] = await elb(aws);
  let Marker: string | undefined;
  do {
    const command = new DescribeLoadBalancersCommand({
      // ELB's largest page.
      ...(name === undefined ? { PageSize: 400 } : { LoadBalancerNames: [name] }),
      ...(Marker ? { Marker } : {}),
    });
    const answer = await client.send(command, sendOptions(signal));
    for (const found of answer.LoadBalancerDescriptions ?? []) yield balancerOf(found);
    Marker = answer.NextMarker;
  } while (Marker);
}

/** Health of every registered (or still draining) instance. Throws LoadBalancerNotFound. */
export async function health(aws: Aws, name: string, signal?: AbortSignal): Promise<Health[]> {
  const [client, { DescribeInstanceHealthCommand }] = await elb(aws);
  const command = new DescribeInstanceHealthCommand({ LoadBalancerName: name });
  const { InstanceStates } = await client.send(command, sendOptions(signal));
  return listIn(InstanceStates, "ELB", "instances").map(healthOf).filter(({ registration }) =>
    registration !== "none"
  );
}

/** Registers an instance; a repeat changes nothing. Returns once ELB has accepted it, before the first health check. */
export async function register(aws: Aws, name: string, id: string, signal?: AbortSignal): Promise<void> {
  const [client, { RegisterInstancesWithLoadBalancerCommand }] = await elb(aws);
  const request = { LoadBalancerName: name, Instances: [{ InstanceId: id }] };
  await client.send(new RegisterInstancesWithLoadBalancerCommand(request), sendOptions(signal));
}

/** Deregisters an instance, which then drains. One that is not registered is left as it is. */
export async function deregister(
  aws: Aws,
  name: string,
  id: string,
  signal?: AbortSignal,
  before?: Precondition,
): Promise<void> {
  const [client, { DeregisterInstancesFromLoadBalancerCommand }] = await elb(aws);
  const request = { LoadBalancerName: name, Instances: [{ InstanceId: id }] };
  const command = new DeregisterInstancesFromLoadBalancerCommand(request);
  if (before !== undefined) beforeEachAttempt(command.middlewareStack, before);
  try {
    await client.send(command, sendOptions(signal));
  } catch (error) {
    // What ELB says of one that was never registered, or is terminated: it is as it should be.
    if (!isNotRegistrable(error)) throw error;
  }
}

/**
 * How long requests under way at an instance that is deregistered may go on, s; 0 where they are cut off. Throws
 * LoadBalancerNotFound.
 */
export async function drainingTimeout(aws: Aws, name: string, signal?: AbortSignal): Promise<number> {
  const [client, { DescribeLoadBalancerAttributesCommand }] = await elb(aws);
  const command = new DescribeLoadBalancerAttributesCommand({ LoadBalancerName: name });
  const { LoadBalancerAttributes } = await client.send(command, sendOptions(signal));
  const { Enabled = false, Timeout = 300 } = LoadBalancerAttributes?.ConnectionDraining ?? {};
  return Enabled ? Timeout : 0;
}

/**
 * Creates the load balancer in the zones of the fleet: listener 30000→30000 HTTP, health check HTTP:30000/ping, draining on.
 * One that is there already is given the health check and attributes, its listeners and zones stay.
 */
export async function createBalancer(aws: Aws, name: string, zones: readonly string[]): Promise<Balancer> {
  const [client, commands] = await elb(aws);
  const { CreateLoadBalancerCommand, ConfigureHealthCheckCommand, ModifyLoadBalancerAttributesCommand } =
    commands;
  if (await findBalancer(aws, name) === undefined) {
    const listener = {
      Protocol: "HTTP",
      LoadBalancerPort: WORKER_PORT,
      InstanceProtocol: "HTTP",
      InstancePort: WORKER_PORT,
    };
    const request = { LoadBalancerName: name, Listeners: [listener], AvailabilityZones: [...zones] };
    await client.send(new CreateLoadBalancerCommand(request));
  }
  await client.send(new ConfigureHealthCheckCommand({ LoadBalancerName: name, HealthCheck: HEALTH_CHECK }));
  await client.send(
    new ModifyLoadBalancerAttributesCommand({ LoadBalancerName: name, LoadBalancerAttributes: ATTRIBUTES }),
  );
  const created = await findBalancer(aws, name);
  if (created === undefined) throw new Error(`Cannot create load balancer ${name}: ELB does not list it`);
  return created;
}

/** Lets the load balancer route to further zones: it leaves instances in other zones out of service. */
export async function enableZones(aws: Aws, name: string, zones: readonly string[]): Promise<void> {
  const [client, { EnableAvailabilityZonesForLoadBalancerCommand }] = await elb(aws);
  const request = { LoadBalancerName: name, AvailabilityZones: [...zones] };
  await client.send(new EnableAvailabilityZonesForLoadBalancerCommand(request));
}

/** Deletes a load balancer; one that is not there is no error. */
export async function deleteBalancer(aws: Aws, name: string): Promise<void> {
  const [client, { DeleteLoadBalancerCommand }] = await elb(aws);
  await client.send(new DeleteLoadBalancerCommand({ LoadBalancerName: name }));
}

async function elb(aws: Aws) {
  return await Promise.all([aws.elb(), import("../sdk/elb.ts")]);
}

function balancerOf(found: LoadBalancerDescription): Balancer {
  return {
    name: found.LoadBalancerName ?? "",
    dnsName: found.DNSName ?? "",
    instances: (found.Instances ?? []).map(({ InstanceId }) => InstanceId ?? ""),
    healthCheck: found.HealthCheck?.Target ?? "",
    zones: found.AvailabilityZones ?? [],
    securityGroups: found.SecurityGroups ?? [],
    requests: requestsOf(found.LoadBalancerName ?? ""),
  };
}

/** What a load balancer's requests are counted by. Source: CLB guide, "CloudWatch metrics for your Classic Load Balancer". */
export function requestsOf(name: string): Metric {
  return { namespace: "AWS/ELB", name: "RequestCount", dimensions: { LoadBalancerName: name } };
}

function healthOf({ InstanceId, State, ReasonCode, Description }: SdkHealth): Health {
  return {
    id: InstanceId ?? "",
    state: State ?? "Unknown",
    reasonCode: ReasonCode ?? "N/A",
    description: Description ?? "N/A",
    registration: registrationOf(State, Description ?? ""),
    unused: false,
  };
}

/** ELB tells draining and deregistered instances by the description alone. Source: ELB API, InstanceState. */
function registrationOf(state: string | undefined, description: string): Registration {
  if (description.startsWith("Instance deregistration currently in progress")) return "draining";
  if (/is not currently registered/.test(description)) return "none";
  return state === "InService" ? "in-service" : "out-of-service";
}
