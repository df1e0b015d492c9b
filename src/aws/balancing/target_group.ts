/**
 * Target groups of Application and Network Load Balancers by ARN: who is registered, how they fare, and the settings that
 * kas needs of a group. Groups, their load balancers and listeners are made by whoever owns their certificates and rules.
 *
 * @module
 */
import type { TargetGroup, TargetHealthDescription } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type Registration, WORKER_PORT } from "../../scaling/model/instance.ts";
import type { Balancer, Health } from "./balancer.ts";
import { beforeEachAttempt, type Precondition } from "../calls.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { isNotFound, isNotRegistrable, listIn } from "../errors.ts";
import type { Metric } from "../cloudwatch/metric.ts";

/** Source: ALB guide, "Target group attributes". */
const DELAY = "deregistration_delay.timeout_seconds";

/**
 * How long a target that is deregistered may end its requests, s: twice what an Application Load Balancer by default lets a
 * request be silent for. A shorter one cuts requests off, and a target drains for all of it, idle or not.
 */
const GOOD_DELAY = 120;

/** How much later than a group's delay the end of draining may show, s. */
export const DRAINING_LAG = 15;

/** The health check that kas needs: what a worker answers, where it answers. */
const HEALTH_CHECK = {
  HealthCheckEnabled: true,
  HealthCheckProtocol: "HTTP",
  HealthCheckPort: String(WORKER_PORT),
  HealthCheckPath: "/ping",
} as const;

/** What a group needs to be told to serve a fleet; each part is absent where it is right. */
export interface GroupChanges {
  /** Another health check: of the workers' /ping. */
  readonly healthCheck?: true;
  /** Of deregistration, s. */
  readonly delay?: number;
}

/** The group's name, which its ARN holds. */
export function groupName(arn: string): string {
  return arn.split("/")[1] ?? arn;
}

/** The group as a balancer, undefined if there is none. */
export async function findTargetGroup(
  aws: Aws,
  arn: string,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  const group = await describe(aws, arn, signal);
  if (group === undefined) return undefined;
  const [registered, { dnsName, zones, securityGroups }] = await Promise.all([
    health(aws, arn, signal),
    loadBalancer(aws, group, signal),
  ]);
  return {
    name: group.TargetGroupName ?? groupName(arn),
    dnsName,
    instances: registered.filter(({ registration }) => registration !== "draining").map(({ id }) => id),
    healthCheck: `${group.HealthCheckProtocol}:${checkedPort(group)}${group.HealthCheckPath ?? ""}`,
    zones,
    securityGroups,
    requests: requestsOf(arn, group.LoadBalancerArns?.[0]),
  };
}

/**
 * What a group's requests are counted by. A Network Load Balancer sees connections, and counts them for all its groups together.
 * Source: ALB and NLB guides, "CloudWatch metrics", whose dimensions are the last parts of ARNs.
 */
function requestsOf(group: string, loadBalancer: string | undefined): Metric | undefined {
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

/** Health of every registered (or still draining) target. Throws TargetGroupNotFound. */
export async function health(aws: Aws, arn: string, signal?: AbortSignal): Promise<Health[]> {
  const [client, { DescribeTargetHealthCommand }] = await elbv2(aws);
  const command = new DescribeTargetHealthCommand({ TargetGroupArn: arn });
  const { TargetHealthDescriptions } = await client.send(command, sendOptions(signal));
  return listIn(TargetHealthDescriptions, "ELB", "targets").map(healthOf).filter(({ registration }) =>
    registration !== "none"
  );
}

/** Registers an instance at the group's own port; a repeat changes nothing, and one that drains is taken back. */
export async function register(aws: Aws, arn: string, id: string, signal?: AbortSignal): Promise<void> {
  const [client, { RegisterTargetsCommand }] = await elbv2(aws);
  const request = { TargetGroupArn: arn, Targets: [{ Id: id }] };
  await client.send(new RegisterTargetsCommand(request), sendOptions(signal));
}

/** Deregisters an instance, which then drains for the group's whole delay. One that is not registered is left as it is. */
export async function deregister(
  aws: Aws,
  arn: string,
  id: string,
  signal?: AbortSignal,
  before?: Precondition,
): Promise<void> {
  const [client, { DeregisterTargetsCommand }] = await elbv2(aws);
  const request = { TargetGroupArn: arn, Targets: [{ Id: id }] };
  const command = new DeregisterTargetsCommand(request);
  if (before !== undefined) beforeEachAttempt(command.middlewareStack, before);
  try {
    await client.send(command, sendOptions(signal));
  } catch (error) {
    // ELB says so of one that is gone: it is as it should be. Source: botocore elbv2 waiters, TargetDeregistered.
    if (!isNotRegistrable(error)) throw error;
  }
}

/** How long a target that is deregistered drains, idle or not, s; 0 where requests are cut off. Throws TargetGroupNotFound. */
export async function deregistrationDelay(aws: Aws, arn: string, signal?: AbortSignal): Promise<number> {
  const [client, { DescribeTargetGroupAttributesCommand }] = await elbv2(aws);
  const command = new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn });
  const { Attributes } = await client.send(command, sendOptions(signal));
  return Number(Attributes?.find(({ Key }) => Key === DELAY)?.Value ?? 0);
}

/**
 * What keeps a group from serving a fleet: a health check of something else than the workers' /ping, a deregistration that
 * cuts requests off, or one that takes longer than `drainTimeout` (ms), so that no instance could ever be stopped.
 * Throws TargetGroupNotFound, and Error for a group whose targets are no instances.
 */
export async function requiredChanges(
  aws: Aws,
  arn: string,
  drainTimeout: number,
  signal?: AbortSignal,
): Promise<GroupChanges> {
  const [group, seconds] = await Promise.all([
    describe(aws, arn, signal),
    deregistrationDelay(aws, arn, signal),
  ]);
  if (group?.TargetType !== "instance") {
    throw new Error(
      `Target group ${groupName(arn)} takes no instances: its target type is ${group?.TargetType}`,
    );
  }
  const isRight = group.HealthCheckEnabled !== false && group.HealthCheckProtocol === "HTTP" &&
    group.HealthCheckPath === "/ping" && checkedPort(group) === String(WORKER_PORT);
  const longest = drainTimeout / 1_000 - DRAINING_LAG;
  return {
    ...(isRight ? {} : { healthCheck: true }),
    ...(seconds > 0 && seconds <= longest
      ? {}
      : { delay: Math.max(1, Math.min(GOOD_DELAY, Math.floor(longest))) }),
  };
}

/** Tells a group what it needs to be told. */
export async function applyChanges(
  aws: Aws,
  arn: string,
  { healthCheck, delay }: GroupChanges,
): Promise<void> {
  const [client, { ModifyTargetGroupCommand, ModifyTargetGroupAttributesCommand }] = await elbv2(aws);
  if (healthCheck) {
    await client.send(new ModifyTargetGroupCommand({ TargetGroupArn: arn, ...HEALTH_CHECK }));
  }
  if (delay !== undefined) {
    const Attributes = [{ Key: DELAY, Value: String(delay) }];
    await client.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes }));
  }
}

async function elbv2(aws: Aws) {
  return await Promise.all([aws.elbv2(), import("../sdk/elbv2.ts")]);
}

async function describe(aws: Aws, arn: string, signal?: AbortSignal): Promise<TargetGroup | undefined> {
  const [client, { DescribeTargetGroupsCommand }] = await elbv2(aws);
  try {
    const command = new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] });
    return (await client.send(command, sendOptions(signal))).TargetGroups?.[0];
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

/** Of the load balancer that sends to the group, if there is one yet. A group belongs to one. */
async function loadBalancer(
  aws: Aws,
  { LoadBalancerArns: [arn] = [] }: TargetGroup,
  signal?: AbortSignal,
): Promise<Pick<Balancer, "dnsName" | "zones" | "securityGroups">> {
  if (arn === undefined) return { dnsName: "", zones: [], securityGroups: [] };
  const [client, { DescribeLoadBalancersCommand }] = await elbv2(aws);
  const command = new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] });
  const found = (await client.send(command, sendOptions(signal))).LoadBalancers?.[0];
  return {
    dnsName: found?.DNSName ?? "",
    zones: (found?.AvailabilityZones ?? []).map(({ ZoneName }) => ZoneName ?? ""),
    securityGroups: found?.SecurityGroups ?? [],
  };
}

/** The port that the health check asks at. */
function checkedPort({ HealthCheckPort, Port }: TargetGroup): string {
  return HealthCheckPort === undefined || HealthCheckPort === "traffic-port" ? String(Port) : HealthCheckPort;
}

function healthOf(
  { Target, TargetHealth: { State, Reason, Description } = {} }: TargetHealthDescription,
): Health {
  return {
    id: Target?.Id ?? "",
    state: State ?? "unavailable",
    reasonCode: Reason ?? "N/A",
    description: (Reason === undefined ? undefined : IN_WORDS[Reason]) ?? Description ?? "N/A",
    registration: Reason === "Target.NotRegistered" ? "none" : STANDING[State ?? ""] ?? "out-of-service",
    unused: Reason === "Target.NotInUse",
  };
}

/** What ELB tells in terms of its own, in words that say what mends it. */
const IN_WORDS: Readonly<Record<string, string>> = {
  "Target.NotInUse":
    "no load balancer sends to the target group in the target's zone: it needs a listener and the zone",
  "Target.DeregistrationInProgress": "it drains for the whole deregistration delay of the target group",
};

/** Any other state gets no requests. Source: elbv2 API 2015-12-01, TargetHealth. */
const STANDING: Readonly<Record<string, Registration>> = {
  "healthy": "in-service",
  "draining": "draining",
  "unhealthy.draining": "draining",
};
