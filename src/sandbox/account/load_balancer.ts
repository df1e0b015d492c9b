/**
 * Load balancers, target groups and their registrations as immutable values.
 *
 * @module
 */

/**
 * Phase of an instance's registration with a load balancer. `registering`: the instance has not passed a health check yet.
 * `checking`: the same, but the checks have begun; only target groups show the difference. `in-service`: its latest health checks
 * passed. `out-of-service`: its latest health checks failed. `draining`: the instance is deregistered and finishes its requests.
 */
export type RegistrationPhase = "registering" | "checking" | "in-service" | "out-of-service" | "draining";

/** A listener of a Classic Load Balancer. */
export interface Listener {
  readonly protocol: string;
  readonly port: number;
  readonly instanceProtocol: string;
  readonly instancePort: number;
}

/** A health check's settings. All times are in seconds of sandbox time. */
export interface HealthCheck {
  /** The checked target, such as `HTTP:30000/ping`. The port `traffic-port` means the port on which a target serves. */
  readonly target: string;
  /** The HTTP status codes of a healthy target, such as `200-299,301`. Default: 200. */
  readonly codes?: string;
  readonly interval: number;
  readonly timeout: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

/** Attributes of a Classic Load Balancer. All times are in seconds of sandbox time. */
export interface BalancerAttributes {
  readonly crossZone: boolean;
  readonly draining: boolean;
  readonly drainingTimeout: number;
  readonly idleTimeout: number;
}

/** A set of instances that receive requests: the instances of a Classic Load Balancer or of a target group. */
export interface Pool {
  readonly name: string;
  /** Names of the availability zones that the load balancer sends requests to. */
  readonly zones: readonly string[];
  readonly healthCheck: HealthCheck;
  /**
   * Registration phases in order of registration. The key is the id of the instance. In a target group, the port follows, because an
   * instance can be registered at several ports: `i-1:8080`.
   */
  readonly registrations: ReadonlyMap<string, RegistrationPhase>;
  /** Keys of registrations that have ended. */
  readonly previouslyRegistered: ReadonlySet<string>;
}

/** Why the latest health check of a target failed. Source: ELB API 2015-12-01, TargetHealth. */
export interface CheckFailure {
  readonly reason: "Target.Timeout" | "Target.ResponseCodeMismatch" | "Target.FailedHealthChecks";
  readonly description: string;
}

/** Returns the instance of a registration. */
export function instanceOf(registration: string): string {
  return registration.split(":", 1)[0] ?? registration;
}

/** Returns the port of a registration; undefined for a Classic Load Balancer, whose listeners have the port. */
export function portOf(registration: string): number | undefined {
  const [, port] = registration.split(":");
  return port === undefined ? undefined : Number(port);
}

/** A simulated Classic Load Balancer. */
export interface LoadBalancer extends Pool {
  /** The loopback address that the load balancer listens on. */
  readonly dnsName: string;
  /** Creation time in ms since the epoch. */
  readonly createdAt: number;
  readonly listeners: readonly Listener[];
  readonly vpc: string;
  /** Ids of the subnets that it was created in; empty if it was created in zones of the default VPC. */
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly attributes: BalancerAttributes;
  readonly tags: Readonly<Record<string, string>>;
}

/** A protocol of a target group or of a listener of ELB v2. */
export type Protocol = "HTTP" | "HTTPS" | "TCP" | "TLS";

/**
 * A simulated target group. Its zones are the zones of its load balancer; without an active load balancer, it has no zones. The port of a
 * health check can be `traffic-port`, for the port that the targets serve on.
 */
export interface TargetGroup extends Pool {
  readonly arn: string;
  readonly protocol: Protocol;
  /** Port that the targets serve on, unless a target was registered with another port. */
  readonly port: number;
  readonly vpc: string;
  /** Attributes of the ELB v2 API by key, such as `deregistration_delay.timeout_seconds`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Why the latest health checks failed, by registration. */
  readonly failures: ReadonlyMap<string, CheckFailure>;
}

/** A listener of a load balancer of ELB v2. The listener forwards to one target group. */
export interface ForwardingListener {
  readonly arn: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** ARN of the target group that receives the requests. */
  readonly group: string;
  /** ARN of the certificate of an HTTPS or TLS listener. */
  readonly certificate?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** A simulated Application or Network Load Balancer. */
export interface V2Balancer {
  readonly arn: string;
  readonly name: string;
  readonly type: "application" | "network";
  /** The loopback address that the load balancer listens on. */
  readonly dnsName: string;
  /** Creation time in ms since the epoch. */
  readonly createdAt: number;
  /** Whether the load balancer is active. A new load balancer is being provisioned: it listens on no port. */
  readonly active: boolean;
  readonly vpc: string;
  readonly subnets: readonly string[];
  readonly zones: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly listeners: readonly ForwardingListener[];
  /** Attributes of the ELB v2 API by key, such as `idle_timeout.timeout_seconds`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}
