/**
 * Converts load balancers, health checks, attributes and instance health from and to the structures of the Classic ELB API.
 *
 * @module
 */
import { receivesTraffic } from "./health_checks.ts";
import { boolean, integer, required, shape, shapes, text, validationError } from "../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Shape } from "../wire/action.ts";
import type { BalancerAttributes, HealthCheck, Listener, LoadBalancer } from "../account/load_balancer.ts";
import type { Instance } from "../account/instance.ts";

/** Formats a load balancer for DescribeLoadBalancers. */
export function balancerShape(balancer: LoadBalancer): Shape {
  const { name, dnsName, registrations } = balancer;
  return {
    LoadBalancerName: name,
    DNSName: dnsName,
    CanonicalHostedZoneName: dnsName,
    ListenerDescriptions: balancer.listeners.map((listener) => ({
      Listener: {
        Protocol: listener.protocol,
        LoadBalancerPort: listener.port,
        InstanceProtocol: listener.instanceProtocol,
        InstancePort: listener.instancePort,
      },
      PolicyNames: [],
    })),
    Policies: { AppCookieStickinessPolicies: [], LBCookieStickinessPolicies: [], OtherPolicies: [] },
    BackendServerDescriptions: [],
    AvailabilityZones: balancer.zones,
    Subnets: balancer.subnets,
    VPCId: balancer.vpc,
    Instances: Array.from(registrations).filter(([, phase]) => phase !== "draining").map(([InstanceId]) => ({
      InstanceId,
    })),
    HealthCheck: healthCheckShape(balancer.healthCheck),
    SourceSecurityGroup: { OwnerAlias: ACCOUNT_ID, GroupName: "default" },
    SecurityGroups: balancer.securityGroups,
    CreatedTime: new Date(balancer.createdAt),
    Scheme: balancer.scheme,
  };
}

/** Reads the listeners of a CreateLoadBalancer request. Throws AwsError. */
export function readListeners(input: Shape): readonly Listener[] {
  const listeners = shapes(input, "Listeners").map((listener) => {
    const protocol = required(text(listener, "Protocol"), "Protocol").toUpperCase();
    return {
      protocol,
      port: required(integer(listener, "LoadBalancerPort", 1, 65_535), "LoadBalancerPort"),
      instanceProtocol: text(listener, "InstanceProtocol")?.toUpperCase() ?? protocol,
      instancePort: required(integer(listener, "InstancePort", 1, 65_535), "InstancePort"),
    };
  });
  if (listeners.length === 0) throw validationError("Listeners must have at least one listener");
  if (
    listeners.some(({ protocol, instanceProtocol }) => protocol !== "HTTP" || instanceProtocol !== "HTTP")
  ) {
    throw new AwsError("UnsupportedProtocol", "The sandbox's load balancers support HTTP only");
  }
  return listeners;
}

/** Formats a health check for an API response. */
export function healthCheckShape(
  { target, interval, timeout, unhealthyThreshold, healthyThreshold }: HealthCheck,
): Shape {
  return {
    Target: target,
    Interval: interval,
    Timeout: timeout,
    UnhealthyThreshold: unhealthyThreshold,
    HealthyThreshold: healthyThreshold,
  };
}

/** Reads the health check of a request. Throws AwsError ValidationError. Source: CLB guide, elb-healthchecks. */
export function readHealthCheck(input: Shape): HealthCheck {
  const target = required(text(input, "Target"), "Target");
  if (!/^(TCP:\d{1,5}|HTTP:\d{1,5}\/\S*)$/.test(target)) {
    throw validationError(
      `HealthCheck Target "${target}" is not supported by the sandbox. Use HTTP:port/path or TCP:port`,
    );
  }
  const interval = required(integer(input, "Interval", 5, 300), "Interval");
  const timeout = required(integer(input, "Timeout", 2, 60), "Timeout");
  if (timeout >= interval) throw validationError("HealthCheck timeout must be less than interval");
  return {
    target,
    interval,
    timeout,
    unhealthyThreshold: required(integer(input, "UnhealthyThreshold", 2, 10), "UnhealthyThreshold"),
    healthyThreshold: required(integer(input, "HealthyThreshold", 2, 10), "HealthyThreshold"),
  };
}

/** Formats a load balancer's attributes for an API response. */
export function attributesShape(
  { crossZone, draining, drainingTimeout, idleTimeout }: BalancerAttributes,
): Shape {
  return {
    CrossZoneLoadBalancing: { Enabled: crossZone },
    AccessLog: { Enabled: false },
    ConnectionDraining: { Enabled: draining, Timeout: drainingTimeout },
    ConnectionSettings: { IdleTimeout: idleTimeout },
    AdditionalAttributes: [],
  };
}

/** Applies a request's changes to a load balancer's attributes. Throws AwsError ValidationError. */
export function readAttributes(attributes: BalancerAttributes, input: Shape): BalancerAttributes {
  const part = (name: string) => shape(input, name) ?? {};
  return {
    crossZone: boolean(part("CrossZoneLoadBalancing"), "Enabled") ?? attributes.crossZone,
    draining: boolean(part("ConnectionDraining"), "Enabled") ?? attributes.draining,
    drainingTimeout: integer(part("ConnectionDraining"), "Timeout", 1, 3_600) ?? attributes.drainingTimeout,
    idleTimeout: integer(part("ConnectionSettings"), "IdleTimeout", 1, 3_600) ?? attributes.idleTimeout,
  };
}

/**
 * Formats an instance's health for DescribeInstanceHealth. Some states differ only in the description. Source: ELB API,
 * InstanceState.
 */
export function healthShape(id: string, balancer: LoadBalancer, instance: Instance | undefined): Shape {
  const of = (
    State: "InService" | "OutOfService",
    ReasonCode: "N/A" | "ELB" | "Instance",
    Description: string,
  ): Shape => {
    return { InstanceId: id, State, ReasonCode, Description };
  };
  const phase = balancer.registrations.get(id);
  if (phase === undefined) {
    return of("OutOfService", "Instance", "Instance is not currently registered with the LoadBalancer.");
  }
  if (phase === "draining") return of("InService", "N/A", "Instance deregistration currently in progress.");
  if (instance?.state === "pending") return of("OutOfService", "Instance", "Instance is in pending state.");
  if (instance?.state !== "running") return of("OutOfService", "Instance", "Instance is in stopped state.");
  if (!receivesTraffic(instance, balancer)) {
    const description =
      "Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.";
    return of("OutOfService", "ELB", description);
  }
  switch (phase) {
    case "in-service":
      return of("InService", "N/A", "N/A");
    case "registering":
    case "checking":
      return of("OutOfService", "ELB", "Instance registration is still in progress.");
    case "out-of-service":
      return of(
        "OutOfService",
        "Instance",
        "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
      );
  }
}
