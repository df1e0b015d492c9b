/**
 * Target groups of Application and Network Load Balancers. kas registers instances in a target group. It creates no
 * target group, load balancer or listener: their owner does.
 *
 * @module
 */
import type {
  ElasticLoadBalancingV2Client,
  TargetDescription,
  TargetGroup,
  TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Registration } from "../../scaling/model/instance.ts";
import { type Aws, sendOptions } from "../clients.ts";
import type { Metric } from "../cloudwatch/metric.ts";
import { IncompleteAnswerError, isNotFound, isNotRegistrable, listIn } from "../errors.ts";
import { beforeEachAttempt, type Precondition } from "../middleware.ts";
import type { Balancer, Health } from "./health.ts";

/** The attribute of the deregistration delay. Source: ALB guide, "Target group attributes". */
export const DELAY_ATTRIBUTE = "deregistration_delay.timeout_seconds";

/** The name in a target group's ARN. */
export function groupName(arn: string): string {
  return arn.split("/")[1] ?? arn;
}

/** Finds a target group and its load balancer. */
export async function findTargetGroup(
  aws: Aws,
  arn: string,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  const group = await describeTargetGroup(aws, arn, signal);
  if (group === undefined) return undefined;
  const [registered, { dnsName, zones, securityGroups }] = await Promise.all([
    health(aws, arn, signal),
    loadBalancerOf(aws, group, signal),
  ]);
  return {
    name: group.TargetGroupName ?? groupName(arn),
    dnsName,
    instances: registered.filter(({ registration }) => registration !== "draining").map(({ id }) => id),
    healthCheck: `${group.HealthCheckProtocol}:${healthCheckPort(group)}${group.HealthCheckPath ?? ""}`,
    ports: group.Port === undefined ? [] : [group.Port],
    zones,
    securityGroups,
    requests: requestsOf(arn, group.LoadBalancerArns?.[0]),
  };
}

/**
 * The CloudWatch metric that counts a target group's requests. A Network Load Balancer does not count requests. It
 * counts the connections to all its target groups together. The dimensions of both metrics are the last parts of the
 * ARNs. Sources: ALB and NLB guides, "CloudWatch metrics".
 */
export function requestsOf(group: string, loadBalancer: string | undefined): Metric | undefined {
  if (loadBalancer === undefined) return undefined;
  const LoadBalancer = loadBalancer.replace(/^.*:loadbalancer\//, "");
  return LoadBalancer.startsWith("net/")
    ? { namespace: "AWS/NetworkELB", name: "NewFlowCount", dimensions: { LoadBalancer } }
    : {
      namespace: "AWS/ApplicationELB",
      name: "RequestCount",
      dimensions: { LoadBalancer, TargetGroup: group.replace(/^.*:/, "") },
    };
}

/**
 * The health of each instance with a registered or draining target. An instance may have several targets, one for each
 * port: its health is the health of its worst target. Throws TargetGroupNotFound.
 */
export async function health(aws: Aws, arn: string, signal?: AbortSignal): Promise<Health[]> {
  const targets = Map.groupBy(await listTargets(aws, arn, signal), ({ id }) => id);
  return [...targets.values()].map(worstOf);
}

/**
 * Registers each instance at its ports, as {@linkcode targetPorts} describes. Registering it again changes nothing. A draining target returns
 * to service.
 */
export async function register(
  aws: Aws,
  arn: string,
  ids: string | readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const [client, { RegisterTargetsCommand }] = await elbv2(aws);
  const request = { TargetGroupArn: arn, Targets: await targetsOf(aws, arn, ids, signal) };
  await client.send(new RegisterTargetsCommand(request), sendOptions(signal));
}

/**
 * Deregisters all targets of the instances, which then drain for the group's whole deregistration delay. Has no effect
 * on an instance that is not registered.
 */
export async function deregister(
  aws: Aws,
  arn: string,
  ids: string | readonly string[],
  signal?: AbortSignal,
  precondition?: Precondition,
): Promise<void> {
  const [client, { DeregisterTargetsCommand }] = await elbv2(aws);
  const request = { TargetGroupArn: arn, Targets: await targetsOf(aws, arn, ids, signal) };
  const command = new DeregisterTargetsCommand(request);
  if (precondition !== undefined) beforeEachAttempt(command.middlewareStack, precondition);
  try {
    await client.send(command, sendOptions(signal));
  } catch (error) {
    // ELB answers with this error if an instance no longer exists. Source: botocore's elbv2 waiter TargetDeregistered.
    if ([ids].flat().length > 1 || !isNotRegistrable(error)) throw error;
  }
}

/** The health of a target: an instance at a port. */
interface TargetHealth extends Health {
  readonly port: number | undefined;
}

/** Lists the registered or draining targets. Throws TargetGroupNotFound. */
async function listTargets(aws: Aws, arn: string, signal?: AbortSignal): Promise<TargetHealth[]> {
  const [client, { DescribeTargetHealthCommand }] = await elbv2(aws);
  const command = new DescribeTargetHealthCommand({ TargetGroupArn: arn });
  const { TargetHealthDescriptions } = await client.send(command, sendOptions(signal));
  return listIn(TargetHealthDescriptions, "ELB", "targets").map(healthOf)
    .filter(({ registration }) => registration !== "none");
}

/**
 * Returns the targets of the instances with their ports. For a target without a port, ELB takes the group's port. A
 * request without ports would leave out a target at another port, and ELB would return no error. Source: elbv2 API,
 * TargetDescription.
 */
async function targetsOf(
  aws: Aws,
  arn: string,
  ids: string | readonly string[],
  signal?: AbortSignal,
): Promise<TargetDescription[]> {
  const portsOf = await targetPorts(aws, arn, signal);
  // ELB may list a new target late. So kas names an instance that is not listed too.
  return [ids].flat().flatMap((Id): TargetDescription[] => {
    const ports = portsOf(Id) ?? [];
    return ports.length === 0 ? [{ Id }] : ports.map((Port) => ({ Id, Port }));
  });
}

/**
 * Reads at which ports a group has each instance. The ports of an instance that is not in the group are those that all instances in service
 * have in common: somebody registered them at another port than the group's. Undefined: the group's port.
 */
export async function targetPorts(
  aws: Aws,
  arn: string,
  signal?: AbortSignal,
): Promise<(id: string) => readonly number[] | undefined> {
  const byId = Map.groupBy(await listTargets(aws, arn, signal), ({ id }) => id);
  const serving = Array.from(byId.values(), (targets) => portsIn(targets.filter(isServing)));
  const [first, ...others] = serving.filter((ports) => ports.length > 0);
  const common = others.every((ports) => String(ports) === String(first)) ? first : undefined;
  return (id) => {
    const own = byId.get(id);
    return own === undefined ? common : portsIn(own);
  };
}

function isServing({ registration }: Health): boolean {
  return registration === "in-service";
}

function portsIn(targets: readonly TargetHealth[]): number[] {
  return targets.flatMap(({ port }) => port ?? []).toSorted((a, b) => a - b);
}

/**
 * Registrations from worst to best. An instance counts as draining only when all its targets are draining, because
 * until then it still receives requests.
 */
const WORST_FIRST: readonly Registration[] = ["out-of-service", "in-service", "draining"];

/**
 * Returns the health of an instance with these targets: the health of the worst target. If there are several targets,
 * the description names the port.
 */
function worstOf(targets: readonly TargetHealth[]): Health {
  const rank = ({ registration }: Health) => WORST_FIRST.indexOf(registration);
  const [worst] = targets.toSorted((a, b) => rank(a) - rank(b)) as [TargetHealth];
  const { port, ...health } = worst;
  return targets.length === 1 ? health : { ...health, description: `port ${port}: ${health.description}` };
}

/**
 * How long ELB drains a deregistered target, even an idle one, in seconds. 0 if ELB cuts the requests off at once.
 * Throws TargetGroupNotFound.
 */
export async function deregistrationDelay(aws: Aws, arn: string, signal?: AbortSignal): Promise<number> {
  return Number((await attributesOf(aws, arn, signal)).get(DELAY_ATTRIBUTE) ?? 0);
}

/** The attributes of a target group by key. Throws TargetGroupNotFound. */
export async function attributesOf(
  aws: Aws,
  arn: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const [client, { DescribeTargetGroupAttributesCommand }] = await elbv2(aws);
  const command = new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn });
  const { Attributes } = await client.send(command, sendOptions(signal));
  return new Map(listIn(Attributes, "ELB", "attributes").map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** Loads ELB v2's client and commands. */
export function elbv2(
  aws: Aws,
): Promise<[ElasticLoadBalancingV2Client, typeof import("../sdk/elbv2.ts")]> {
  return Promise.all([aws.elbv2(), import("../sdk/elbv2.ts")]);
}

/** AWS's description of a target group. */
export async function describeTargetGroup(
  aws: Aws,
  arn: string,
  signal?: AbortSignal,
): Promise<TargetGroup | undefined> {
  const [client, { DescribeTargetGroupsCommand }] = await elbv2(aws);
  try {
    const command = new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] });
    const { TargetGroups } = await client.send(command, sendOptions(signal));
    return listIn(TargetGroups, "ELB", "target groups")[0];
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

/** The port of a target group's health check. */
export function healthCheckPort({ HealthCheckPort, Port }: TargetGroup): string {
  return HealthCheckPort === undefined || HealthCheckPort === "traffic-port" ? String(Port) : HealthCheckPort;
}

/** Returns the load balancer that uses a target group. A target group has at most one load balancer. */
async function loadBalancerOf(
  aws: Aws,
  { LoadBalancerArns: [arn] = [] }: TargetGroup,
  signal?: AbortSignal,
): Promise<Pick<Balancer, "dnsName" | "zones" | "securityGroups">> {
  if (arn === undefined) return { dnsName: "", zones: [], securityGroups: [] };
  const [client, { DescribeLoadBalancersCommand }] = await elbv2(aws);
  const command = new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] });
  const { LoadBalancers } = await client.send(command, sendOptions(signal));
  const [found] = listIn(LoadBalancers, "ELB", "load balancers");
  return {
    dnsName: found?.DNSName ?? "",
    zones: (found?.AvailabilityZones ?? []).map(({ ZoneName }) => ZoneName ?? ""),
    securityGroups: found?.SecurityGroups ?? [],
  };
}

function healthOf(
  { Target, TargetHealth: { State, Reason, Description } = {} }: TargetHealthDescription,
): TargetHealth {
  // Source: elbv2 API, TargetHealth: "Target health is unavailable due to an internal error."
  if (State === "unavailable" && Reason === "Elb.InternalError") {
    throw new IncompleteAnswerError(`ELB did not read the health of ${Target?.Id}: ${Description ?? Reason}`);
  }
  return {
    id: Target?.Id ?? "",
    port: Target?.Port,
    state: State ?? "unavailable",
    reasonCode: Reason ?? "N/A",
    description: (Reason === undefined ? undefined : DESCRIPTIONS[Reason]) ?? Description ?? "N/A",
    registration: Reason === "Target.NotRegistered" ? "none" : REGISTRATIONS[State ?? ""] ?? "out-of-service",
    unused: Reason === "Target.NotInUse",
  };
}

/** Descriptions by reason code, which help an operator more than ELB's own descriptions. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  "Target.NotInUse":
    "no load balancer uses the target group in the target's zone: add a listener, or enable the zone",
  "Target.DeregistrationInProgress":
    "the target drains for the whole deregistration delay of the target group",
};

/**
 * Registrations by state. A target in any other state receives no requests. Source: elbv2 API 2015-12-01,
 * TargetHealth.
 */
const REGISTRATIONS: Readonly<Record<string, Registration>> = {
  "healthy": "in-service",
  "draining": "draining",
  "unhealthy.draining": "draining",
};
