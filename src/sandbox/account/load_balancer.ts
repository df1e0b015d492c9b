/**
 * Load balancers, target groups and their registrations as immutable values.
 *
 * @module
 */

/**
 * Phase of an instance's registration. `registering`: the instance has not passed a health check yet. `in-service` and
 * `out-of-service`: the latest health checks passed or failed. `draining`: the instance was deregistered and finishes its requests.
 */
export type RegistrationPhase = "registering" | "in-service" | "out-of-service" | "draining";

/** A listener of a Classic Load Balancer. */
export interface Listener {
  readonly protocol: string;
  readonly port: number;
  readonly instanceProtocol: string;
  readonly instancePort: number;
}

/** A health check. Times are s of sandbox time. */
export interface HealthCheck {
  /** `HTTP:30000/ping`. */
  readonly target: string;
  readonly interval: number;
  readonly timeout: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

/** Attributes of a Classic Load Balancer. Times are s of sandbox time. */
export interface BalancerAttributes {
  readonly crossZone: boolean;
  readonly draining: boolean;
  readonly drainingTimeout: number;
  readonly idleTimeout: number;
}

/** A set of instances that share requests: those of a Classic Load Balancer or of a target group. */
export interface Pool {
  readonly name: string;
  /** The enabled availability zones. */
  readonly zones: readonly string[];
  readonly healthCheck: HealthCheck;
  /** By instance id, in order of registration. */
  readonly registrations: ReadonlyMap<string, RegistrationPhase>;
  /** Ids of instances that were registered once and no longer are. */
  readonly previouslyRegistered: ReadonlySet<string>;
}

/** A Classic Load Balancer. */
export interface LoadBalancer extends Pool {
  /** The loopback address that the load balancer listens on. */
  readonly dnsName: string;
  /** ms since the epoch. */
  readonly createdAt: number;
  readonly listeners: readonly Listener[];
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly attributes: BalancerAttributes;
  readonly tags: Readonly<Record<string, string>>;
}

/** A target group. Its zones are those of its load balancer; a target group without a load balancer has none. */
export interface TargetGroup extends Pool {
  readonly arn: string;
  /** The port of the targets. */
  readonly port: number;
  readonly vpc: string;
  /** The port of the health check, or `traffic-port`. */
  readonly healthCheckPort: string;
  /** s of sandbox time. */
  readonly deregistrationDelay: number;
}

/** A listener of an Application Load Balancer. It forwards to one target group. */
export interface ForwardingListener {
  readonly arn: string;
  readonly port: number;
  /** ARN of the target group. */
  readonly group: string;
}

/** An Application Load Balancer. */
export interface ApplicationBalancer {
  readonly arn: string;
  readonly name: string;
  /** The loopback address that the load balancer listens on. */
  readonly dnsName: string;
  /** ms since the epoch. */
  readonly createdAt: number;
  readonly zones: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly listeners: readonly ForwardingListener[];
}
