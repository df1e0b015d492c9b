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
import type { Registration } from "../../scaling/model/instance.ts";
import { type Aws, sendOptions } from "../clients.ts";
import type { Metric } from "../cloudwatch/metric.ts";
import { IncompleteAnswerError, isNotFound, isNotRegistrable, listIn } from "../errors.ts";
import { beforeEachAttempt, type Precondition } from "../middleware.ts";
import { pages } from "../many/pages.ts";
import type { Balancer, Health } from "./health.ts";

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

/**
 * The CloudWatch metric that counts a load balancer's requests. Source: CLB guide, "CloudWatch metrics for your Classic
 * Load Balancer".
 */
export function requestsOf(name: string): Metric {
  return { namespace: "AWS/ELB", name: "RequestCount", dimensions: { LoadBalancerName: name } };
}

/** Loads Classic ELB's client and commands. */
export function elb(aws: Aws): Promise<[ElasticLoadBalancingClient, typeof import("../sdk/elb.ts")]> {
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
