/**
 * Converts target groups, Application Load Balancers and target health from and to the structures of the ELB v2 API.
 *
 * @module
 */
import { boolean, integer, oneOf, required, text, validationError } from "../wire/input.ts";
import { AwsError, type Shape } from "../wire/action.ts";
import type { ApplicationBalancer, HealthCheck, TargetGroup } from "../account/load_balancer.ts";
import type { Instance } from "../account/instance.ts";
import { receivesTraffic } from "../elb/health_checks.ts";

/** Attribute key of the deregistration delay. Source: elbv2 API 2015-12-01, TargetGroupAttribute. */
export const DEREGISTRATION_DELAY = "deregistration_delay.timeout_seconds";

/** Value of HealthCheckPort that means the port on which the target serves. */
const TRAFFIC_PORT = "traffic-port";

/** Formats an Application Load Balancer for DescribeLoadBalancers. */
export function balancerShape(balancer: ApplicationBalancer): Shape {
  return {
    LoadBalancerArn: balancer.arn,
    LoadBalancerName: balancer.name,
    DNSName: balancer.dnsName,
    CreatedTime: new Date(balancer.createdAt),
    Scheme: balancer.scheme,
    State: { Code: "active" },
    Type: "application",
    AvailabilityZones: balancer.zones.map((ZoneName) => ({ ZoneName })),
    SecurityGroups: balancer.securityGroups,
    IpAddressType: "ipv4",
  };
}

/** Formats a listener for DescribeListeners. */
export function listenerShape(
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

/**
 * Formats a target group for DescribeTargetGroups.
 *
 * @param loadBalancer ARN of the load balancer that forwards requests to the group
 */
export function targetGroupShape(group: TargetGroup, loadBalancer: string | undefined): Shape {
  const { healthCheck: { target, interval, timeout, healthyThreshold, unhealthyThreshold } } = group;
  const [, protocol, path] = /^(\w+):\d+(.*)$/.exec(target) ?? [];
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: "HTTP",
    Port: group.port,
    VpcId: group.vpc,
    HealthCheckProtocol: protocol,
    HealthCheckPort: group.healthCheckPort,
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

/**
 * Applies a request's changes to a target group's health check. Throws AwsError. Source: elbv2 API,
 * CreateTargetGroup.
 */
export function readHealthCheck(
  input: Shape,
  port: number,
  before: Pick<TargetGroup, "healthCheckPort" | "healthCheck"> = {
    healthCheckPort: TRAFFIC_PORT,
    healthCheck: { target: "HTTP:80/", interval: 30, timeout: 5, unhealthyThreshold: 2, healthyThreshold: 5 },
  },
): Pick<TargetGroup, "healthCheckPort" | "healthCheck"> {
  const { healthCheck } = before;
  if (
    (text(input, "HealthCheckProtocol") ?? "HTTP") !== "HTTP" ||
    boolean(input, "HealthCheckEnabled") === false
  ) {
    throw new AwsError(
      "InvalidConfigurationRequest",
      "The sandbox's health checks support HTTP only, and a request cannot disable them",
    );
  }
  const path = text(input, "HealthCheckPath") ?? healthCheck.target.replace(/^\w+:\d+/, "");
  if (!/^\/\S{0,1023}$/.test(path)) {
    throw validationError(`Health check path '${path}' must begin with a '/' character`);
  }
  const healthCheckPort = text(input, "HealthCheckPort") ?? before.healthCheckPort;
  const checkedPort = healthCheckPort === TRAFFIC_PORT ? port : Number(healthCheckPort);
  if (!(Number.isInteger(checkedPort) && checkedPort >= 1 && checkedPort <= 65_535)) {
    throw validationError(`Health check port '${healthCheckPort}' is neither '${TRAFFIC_PORT}' nor a port`);
  }
  const changed: HealthCheck = {
    target: `HTTP:${checkedPort}${path}`,
    interval: integer(input, "HealthCheckIntervalSeconds", 5, 300) ?? healthCheck.interval,
    timeout: integer(input, "HealthCheckTimeoutSeconds", 2, 120) ?? healthCheck.timeout,
    unhealthyThreshold: integer(input, "UnhealthyThresholdCount", 2, 10) ?? healthCheck.unhealthyThreshold,
    healthyThreshold: integer(input, "HealthyThresholdCount", 2, 10) ?? healthCheck.healthyThreshold,
  };
  if (changed.timeout >= changed.interval) {
    throw validationError("Health check timeout must be smaller than the interval");
  }
  return { healthCheckPort, healthCheck: changed };
}

/** Reads the settings of a new target group from a request. Throws AwsError. */
export function readTargetGroup(
  input: Shape,
): Pick<TargetGroup, "name" | "port" | "vpc" | "healthCheckPort" | "healthCheck"> {
  const name = checkName(required(text(input, "Name"), "Name"), "Target group");
  if (oneOf(input, "TargetType", ["instance"]) === undefined && text(input, "TargetType") !== undefined) {
    throw validationError("The sandbox supports only the target type instance");
  }
  checkProtocol(required(text(input, "Protocol"), "Protocol"));
  const port = required(integer(input, "Port", 1, 65_535), "Port");
  return { name, port, vpc: required(text(input, "VpcId"), "VpcId"), ...readHealthCheck(input, port) };
}

/** Returns the name if it is valid. Throws AwsError ValidationError otherwise. */
export function checkName(name: string, what: string): string {
  if (/^(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(name)) return name;
  throw validationError(
    `${what} name '${name}' must be 1 to 32 letters, digits and hyphens, with no hyphen at its ends`,
  );
}

/** Throws AwsError UnsupportedProtocol unless the protocol is HTTP. */
export function checkProtocol(protocol: string): void {
  if (protocol !== "HTTP") {
    throw new AwsError("UnsupportedProtocol", "The sandbox's load balancers support HTTP only");
  }
}

/** Formats the health of a target for DescribeTargetHealth. Source: elbv2 API, TargetHealth. */
export function targetHealthShape(id: string, group: TargetGroup, instance: Instance | undefined): Shape {
  const of = (State: string, reason: readonly [Reason: string, Description: string] | undefined): Shape => ({
    Target: { Id: id, Port: group.port },
    HealthCheckPort: String(group.healthCheckPort === TRAFFIC_PORT ? group.port : group.healthCheckPort),
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
  if (!receivesTraffic(instance, group)) {
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
