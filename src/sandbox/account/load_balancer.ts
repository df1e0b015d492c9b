/**
 * Load balancers, target groups and their registrations as immutable values.
 *
 * @module
 */

/**
 * Phase of an instance's registration with a load balancer. `registering`: the instance has not passed a health check yet.
 * `in-service`: its latest health checks passed. `out-of-service`: its latest health checks failed. `draining`: the instance is
 * deregistered and finishes its requests.
 */
export type RegistrationPhase = "registering" | "in-service" | "out-of-service" | "draining";

/** A listener of a Classic Load Balancer. */
export interface Listener {
  readonly protocol: string;
  readonly port: number;
  readonly instanceProtocol: string;
  readonly instancePort: number;
}

/** A health check's settings. All times are in seconds of sandbox time. */
export interface HealthCheck {
  /** The checked target, such as `HTTP:30000/ping`. */
  readonly target: string;
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
  /** Registration phases by instance id, in order of registration. */
  readonly registrations: ReadonlyMap<string, RegistrationPhase>;
  /** Ids of instances that are no longer registered. */
  readonly previouslyRegistered: ReadonlySet<string>;
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

/** A simulated target group. Its zones are the zones of its load balancer; without a load balancer, it has no zones. */
export interface TargetGroup extends Pool {
  readonly arn: string;
  /** Port that the targets serve on. */
  readonly port: number;
  readonly vpc: string;
  /** Port of the health check: a number, or `traffic-port` for the port that the targets serve on. */
  readonly healthCheckPort: string;
  /** Deregistration delay in seconds of sandbox time. */
  readonly deregistrationDelay: number;
}

/** A listener of an Application Load Balancer. The listener forwards requests to one target group. */
export interface ForwardingListener {
  readonly arn: string;
  readonly port: number;
  /** ARN of the target group that receives the requests. */
  readonly group: string;
}

/** A simulated Application Load Balancer. */
export interface ApplicationBalancer {
  readonly arn: string;
  readonly name: string;
  /** The loopback address that the load balancer listens on. */
  readonly dnsName: string;
  /** Creation time in ms since the epoch. */
  readonly createdAt: number;
  readonly zones: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly listeners: readonly ForwardingListener[];
}
