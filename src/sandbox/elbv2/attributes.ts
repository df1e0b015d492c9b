/**
 * The attributes of load balancers and target groups of ELB v2, with their default values. The sandbox obeys the idle timeout, the
 * deletion protection, the deregistration delay and the termination of connections, and stores the others. Source: elbv2 API,
 * LoadBalancerAttribute and TargetGroupAttribute.
 *
 * @module
 */
import { required, shapes, text, validationError } from "../wire/input.ts";
import type { Shape } from "../wire/action.ts";
import type { Protocol, V2Balancer } from "../account/load_balancer.ts";
import { forNetworkBalancer } from "../elb/traffic/traffic.ts";

/** Attributes by key. */
export type Attributes = Readonly<Record<string, string>>;

const BALANCER: Attributes = {
  "access_logs.s3.bucket": "",
  "access_logs.s3.enabled": "false",
  "access_logs.s3.prefix": "",
  "deletion_protection.enabled": "false",
  "ipv6.deny_all_igw_traffic": "false",
  "zonal_shift.config.enabled": "false",
};

const BALANCER_BY_TYPE: Readonly<Record<V2Balancer["type"], Attributes>> = {
  application: {
    ...BALANCER,
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
  },
  network: {
    ...BALANCER,
    "dns_record.client_routing_policy": "any_availability_zone",
    "load_balancing.cross_zone.enabled": "false",
  },
};

const GROUP: Attributes = {
  "deregistration_delay.timeout_seconds": "300",
  "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
  "stickiness.enabled": "false",
  "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
  "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
};

const APPLICATION_GROUP: Attributes = {
  ...GROUP,
  "load_balancing.algorithm.anomaly_mitigation": "off",
  "load_balancing.algorithm.type": "round_robin",
  "slow_start.duration_seconds": "0",
  "stickiness.app_cookie.cookie_name": "",
  "stickiness.app_cookie.duration_seconds": "86400",
  "stickiness.lb_cookie.duration_seconds": "86400",
  "stickiness.type": "lb_cookie",
};

const NETWORK_GROUP: Attributes = {
  ...GROUP,
  "deregistration_delay.connection_termination.enabled": "false",
  "preserve_client_ip.enabled": "true",
  "proxy_protocol_v2.enabled": "false",
  "stickiness.type": "source_ip",
  "target_health_state.unhealthy.connection_termination.enabled": "true",
  "target_health_state.unhealthy.draining_interval_seconds": "0",
};

/** Returns the attributes of a new load balancer. */
export function balancerAttributes(type: V2Balancer["type"]): Attributes {
  return BALANCER_BY_TYPE[type];
}

/** Returns the attributes of a new target group. */
export function targetGroupAttributes(protocol: Protocol): Attributes {
  return forNetworkBalancer({ protocol }) ? NETWORK_GROUP : APPLICATION_GROUP;
}

/** The allowed values of attributes that are numbers. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  "client_keep_alive.seconds": [60, 604_800],
  "deregistration_delay.timeout_seconds": [0, 3_600],
  "idle_timeout.timeout_seconds": [1, 4_000],
  "slow_start.duration_seconds": [0, 900],
};

/**
 * Applies a request's changes to attributes. Throws AwsError ValidationError for an unknown key or an invalid value.
 *
 * @param what the kind of the resource, for error messages
 */
export function readAttributes(before: Attributes, input: Shape, what: string): Attributes {
  const changed: Record<string, string> = { ...before };
  for (const attribute of shapes(input, "Attributes")) {
    const key = required(text(attribute, "Key"), "Key");
    const value = text(attribute, "Value") ?? "";
    const current = before[key];
    if (current === undefined) throw validationError(`${what} attribute key '${key}' is not recognized`);
    const [least, most] = RANGES[key] ?? [-Infinity, Infinity];
    const isNumber = RANGES[key] !== undefined;
    const isSwitch = ["true", "false"].includes(current);
    if (
      (isNumber && !(/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most)) ||
      (isSwitch && !["true", "false"].includes(value))
    ) {
      throw validationError(`${what} attribute key '${key}' has an invalid value '${value}'`);
    }
    changed[key] = value;
  }
  return changed;
}

/** Formats attributes for an API response. */
export function attributeShapes(attributes: Attributes): Shape[] {
  return Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
}
