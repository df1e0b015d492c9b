/**
 * Formats load balancers, listeners, target groups and target health for responses of the ELB v2 API.
 *
 * @module
 */
import { vpcOf } from "../ec2/zones.ts";
import type { Shape } from "../wire/action.ts";
import {
  type ForwardingListener,
  instanceOf,
  portOf,
  type TargetGroup,
  type V2Balancer,
} from "../account/load_balancer.ts";
import { balancerOfGroup, type Snapshot } from "../account/snapshot.ts";
import { checkTarget, TRAFFIC_PORT } from "../elb/traffic/check.ts";
import { forNetworkBalancer } from "../elb/traffic/traffic.ts";
import { receivesTraffic } from "../elb/health_checks.ts";

/** Formats a load balancer for DescribeLoadBalancers. */
export function balancerShape(balancer: V2Balancer): Shape {
  return {
    LoadBalancerArn: balancer.arn,
    LoadBalancerName: balancer.name,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: "Z32O12XQLNTSW2",
    CreatedTime: new Date(balancer.createdAt),
    Scheme: balancer.scheme,
    VpcId: balancer.vpc,
    State: { Code: balancer.active ? "active" : "provisioning" },
    Type: balancer.type,
    AvailabilityZones: balancer.zones.map((ZoneName, index) => ({
      ZoneName,
      SubnetId: balancer.subnets[index],
      LoadBalancerAddresses: [],
    })),
    SecurityGroups: balancer.securityGroups,
    IpAddressType: "ipv4",
  };
}

/** Formats a listener for DescribeListeners. */
export function listenerShape({ arn: LoadBalancerArn }: V2Balancer, listener: ForwardingListener): Shape {
  const { arn, protocol, port, group, certificate } = listener;
  return {
    ListenerArn: arn,
    LoadBalancerArn,
    Port: port,
    Protocol: protocol,
    Certificates: certificate === undefined ? undefined : [{ CertificateArn: certificate }],
    SslPolicy: certificate === undefined ? undefined : "ELBSecurityPolicy-2016-08",
    DefaultActions: [{
      Type: "forward",
      TargetGroupArn: group,
      ForwardConfig: { TargetGroups: [{ TargetGroupArn: group }] },
    }],
  };
}

/** Formats a target group for DescribeTargetGroups. */
export function targetGroupShape(snapshot: Snapshot, group: TargetGroup): Shape {
  const { healthCheck: { target, codes, interval, timeout, healthyThreshold, unhealthyThreshold } } = group;
  const { protocol, port, path } = checkTarget(target);
  const balancer = balancerOfGroup(snapshot, group.arn);
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpc,
    HealthCheckProtocol: protocol,
    HealthCheckPort: port,
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: interval,
    HealthCheckTimeoutSeconds: timeout,
    HealthyThresholdCount: healthyThreshold,
    UnhealthyThresholdCount: unhealthyThreshold,
    // Only health checks with HTTP and HTTPS have a path and codes.
    HealthCheckPath: path === "" ? undefined : path,
    Matcher: path === "" ? undefined : { HttpCode: codes },
    LoadBalancerArns: balancer === undefined ? [] : [balancer.arn],
    TargetType: "instance",
    ProtocolVersion: forNetworkBalancer(group) ? undefined : "HTTP1",
    IpAddressType: "ipv4",
  };
}

/** Formats the health of a target for DescribeTargetHealth. Source: elbv2 API, TargetHealth. */
export function targetHealthShape(snapshot: Snapshot, group: TargetGroup, registration: string): Shape {
  const instance = snapshot.instances.get(instanceOf(registration));
  const port = portOf(registration) ?? group.port;
  const checkPort = checkTarget(group.healthCheck.target).port;
  const of = (State: string, Reason?: string, Description?: string): Shape => ({
    Target: { Id: instanceOf(registration), Port: port },
    HealthCheckPort: checkPort === TRAFFIC_PORT ? String(port) : checkPort,
    TargetHealth: { State, Reason, Description },
  });
  const phase = group.registrations.get(registration);
  if (phase === undefined) {
    return of("unused", "Target.NotRegistered", "Target is not registered to the target group");
  }
  if (phase === "draining") {
    return of("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress");
  }
  if (instance?.state !== "running") {
    return of("unused", "Target.InvalidState", `Target is in the ${instance?.state ?? "terminated"} state`);
  }
  const balancer = balancerOfGroup(snapshot, group.arn);
  if (balancer === undefined) {
    const description = "Target group is not configured to receive traffic from the load balancer";
    return of("unused", "Target.NotInUse", description);
  }
  if (balancer.active && !receivesTraffic(instance, group)) {
    const description = "Target is in an Availability Zone that is not enabled for the load balancer";
    return of("unused", "Target.NotInUse", description);
  }
  switch (phase) {
    case "in-service":
      return of("healthy");
    case "registering":
      return of("initial", "Elb.RegistrationInProgress", "Target registration is in progress");
    case "checking":
      return of("initial", "Elb.InitialHealthChecking", "Initial health checks in progress");
    case "out-of-service": {
      const failure = group.failures.get(registration);
      return of("unhealthy", failure?.reason ?? "Target.FailedHealthChecks", failure?.description);
    }
  }
}

/** Returns whether the subnet of an instance is in the VPC of a target group. */
export function isInVpc({ vpc }: TargetGroup, subnet: string | undefined): boolean {
  return vpcOf(subnet) === vpc;
}
