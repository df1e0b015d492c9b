/**
 * Target groups and Application Load Balancers to and from the names of ELB v2's API.
 *
 * @module
 */
import { flag, invalid, needed, text, whole, word } from "../wire/input.ts";
import { AwsError, type Shape } from "../wire/service.ts";
import type { ApplicationBalancer, HealthCheck, Instance, TargetGroup } from "../world.ts";
import { isReachable } from "../elb/health_checks.ts";

/** Source: elbv2 API 2015-12-01, TargetGroupAttribute. */
export const DELAY = "deregistration_delay.timeout_seconds";

/** The port of a health check that is of the targets' own. */
const TRAFFIC_PORT = "traffic-port";

/** An Application Load Balancer as DescribeLoadBalancers has it. */
export function describeBalancer(balancer: ApplicationBalancer): Shape {
  return {
    LoadBalancerArn: balancer.arn,
    LoadBalancerName: balancer.name,
    DNSName: balancer.dnsName,
    CreatedTime: new Date(balancer.created),
    Scheme: balancer.scheme,
    State: { Code: "active" },
    Type: "application",
    AvailabilityZones: balancer.zones.map((ZoneName) => ({ ZoneName })),
    SecurityGroups: balancer.securityGroups,
    IpAddressType: "ipv4",
  };
}

/** A listener as DescribeListeners has it. */
export function describeListener(
  { arn: LoadBalancerArn }: ApplicationBalancer,
  { arn, port, group }: ApplicationBalancer["listeners"][number],
): Shape {
  return {
    ListenerArn: arn,
    LoadBalancerArn,
    Port: port,
    Protocol: "HTTP",
    DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
  };
}

/** A target group as DescribeTargetGroups has it; `loadBalancer` is the ARN of the one that sends to it. */
export function describeGroup(group: TargetGroup, loadBalancer: string | undefined): Shape {
  const { healthCheck: { target, interval, timeout, healthyThreshold, unhealthyThreshold } } = group;
  const [, protocol, path] = /^(\w+):\d+(.*)$/.exec(target) ?? [];
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: "HTTP",
    Port: group.port,
    VpcId: group.vpc,
    HealthCheckProtocol: protocol,
    HealthCheckPort: group.checkedPort,
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: interval,
    HealthCheckTimeoutSeconds: timeout,
    HealthyThresholdCount: healthyThreshold,
    UnhealthyThresholdCount: unhealthyThreshold,
    HealthCheckPath: path,
    Matcher: { HttpCode: "200" },
    LoadBalancerArns: loadBalancer === undefined ? [] : [loadBalancer],
    TargetType: "instance",
    ProtocolVersion: "HTTP1",
    IpAddressType: "ipv4",
  };
}

/** A group's health check as far as a request changes it. Throws AwsError. Source: elbv2 API, CreateTargetGroup. */
export function readHealthCheck(
  input: Shape,
  port: number,
  before: Pick<TargetGroup, "checkedPort" | "healthCheck"> = {
    checkedPort: TRAFFIC_PORT,
    healthCheck: { target: "HTTP:80/", interval: 30, timeout: 5, unhealthyThreshold: 2, healthyThreshold: 5 },
  },
): Pick<TargetGroup, "checkedPort" | "healthCheck"> {
  const { healthCheck } = before;
  if (
    (text(input, "HealthCheckProtocol") ?? "HTTP") !== "HTTP" || flag(input, "HealthCheckEnabled") === false
  ) {
    throw new AwsError(
      "InvalidConfigurationRequest",
      "The sandbox's health checks are on and speak HTTP only",
    );
  }
  const path = text(input, "HealthCheckPath") ?? healthCheck.target.replace(/^\w+:\d+/, "");
  if (!/^\/\S{0,1023}$/.test(path)) {
    throw invalid(`Health check path '${path}' must begin with a '/' character`);
  }
  const checkedPort = text(input, "HealthCheckPort") ?? before.checkedPort;
  const asked = checkedPort === TRAFFIC_PORT ? port : Number(checkedPort);
  if (!(Number.isInteger(asked) && asked >= 1 && asked <= 65_535)) {
    throw invalid(`Health check port '${checkedPort}' is neither '${TRAFFIC_PORT}' nor a port`);
  }
  const changed: HealthCheck = {
    target: `HTTP:${asked}${path}`,
    interval: whole(input, "HealthCheckIntervalSeconds", 5, 300) ?? healthCheck.interval,
    timeout: whole(input, "HealthCheckTimeoutSeconds", 2, 120) ?? healthCheck.timeout,
    unhealthyThreshold: whole(input, "UnhealthyThresholdCount", 2, 10) ?? healthCheck.unhealthyThreshold,
    healthyThreshold: whole(input, "HealthyThresholdCount", 2, 10) ?? healthCheck.healthyThreshold,
  };
  if (changed.timeout >= changed.interval) {
    throw invalid("Health check timeout must be smaller than the interval");
  }
  return { checkedPort, healthCheck: changed };
}

/** The settings of a group that is created. Throws AwsError. */
export function readGroup(
  input: Shape,
): Pick<TargetGroup, "name" | "port" | "vpc" | "checkedPort" | "healthCheck"> {
  const name = checkedName(needed(text(input, "Name"), "Name"), "Target group");
  if (word(input, "TargetType", ["instance"]) === undefined && text(input, "TargetType") !== undefined) {
    throw invalid("The sandbox's targets are instances");
  }
  httpOnly(needed(text(input, "Protocol"), "Protocol"));
  const port = needed(whole(input, "Port", 1, 65_535), "Port");
  return { name, port, vpc: needed(text(input, "VpcId"), "VpcId"), ...readHealthCheck(input, port) };
}

/** A name that ELB takes. Throws AwsError ValidationError. */
export function checkedName(name: string, what: string): string {
  if (/^(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(name)) return name;
  throw invalid(
    `${what} name '${name}' must be 1 to 32 letters, digits and hyphens, with no hyphen at its ends`,
  );
}

/** Throws AwsError UnsupportedProtocol. */
export function httpOnly(protocol: string): void {
  if (protocol !== "HTTP") {
    throw new AwsError("UnsupportedProtocol", "The sandbox's load balancers speak HTTP only");
  }
}

/** A target's health in ELB's words. Source: elbv2 API, TargetHealth. */
export function health(id: string, group: TargetGroup, instance: Instance | undefined): Shape {
  const of = (State: string, reason: readonly [Reason: string, Description: string] | undefined): Shape => ({
    Target: { Id: id, Port: group.port },
    HealthCheckPort: String(group.checkedPort === TRAFFIC_PORT ? group.port : group.checkedPort),
    TargetHealth: { State, Reason: reason?.[0], Description: reason?.[1] },
  });
  const phase = group.registrations.get(id);
  if (phase === undefined) {
    return of("unused", ["Target.NotRegistered", "Target is not registered to the target group"]);
  }
  if (phase === "draining") {
    return of("draining", ["Target.DeregistrationInProgress", "Target deregistration is in progress"]);
  }
  if (instance?.state !== "running") {
    return of("unused", ["Target.InvalidState", `Target is in the ${instance?.state ?? "terminated"} state`]);
  }
  if (group.zones.length === 0) {
    const description = "Target group is not configured to receive traffic from the load balancer";
    return of("unused", ["Target.NotInUse", description]);
  }
  if (!isReachable(instance, group)) {
    const description = "Target is in an Availability Zone that is not enabled for the load balancer";
    return of("unused", ["Target.NotInUse", description]);
  }
  switch (phase) {
    case "in-service":
      return of("healthy", undefined);
    case "registering":
      return of("initial", ["Elb.RegistrationInProgress", "Target registration is in progress"]);
    case "out-of-service":
      return of("unhealthy", ["Target.FailedHealthChecks", "Health checks failed"]);
  }
}
