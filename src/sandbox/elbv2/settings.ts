/**
 * Reads the settings of new load balancers, target groups and listeners from requests to ELB v2.
 *
 * @module
 */
import { OTHER_VPC, VPC } from "../ec2/zones.ts";
import { boolean, integer, oneOf, required, shape, text, validationError } from "../wire/input.ts";
import { AwsError, type Shape } from "../wire/action.ts";
import type { HealthCheck, Protocol, TargetGroup } from "../account/load_balancer.ts";
import { checkTarget, TRAFFIC_PORT } from "../elb/traffic/check.ts";
import { forNetworkBalancer } from "../elb/traffic/traffic.ts";

/** The protocols of the sandbox. ELB has more: UDP, TCP_UDP, QUIC, TCP_QUIC and GENEVE. */
const PROTOCOLS: readonly Protocol[] = ["HTTP", "HTTPS", "TCP", "TLS"];

/** Reads the protocol of a target group or listener. Throws AwsError UnsupportedProtocol. */
export function readProtocol(input: Shape): Protocol {
  const requested = required(text(input, "Protocol"), "Protocol");
  const found = PROTOCOLS.find((protocol) => protocol === requested);
  if (found !== undefined) return found;
  throw new AwsError(
    "UnsupportedProtocol",
    `The sandbox supports ${PROTOCOLS.join(", ")}, but not ${requested}`,
  );
}

/** Returns the name if it is valid. Throws AwsError ValidationError otherwise. */
export function checkName(name: string, what: string): string {
  if (/^(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(name)) return name;
  throw validationError(
    `${what} name '${name}' must be 1 to 32 letters, digits and hyphens, with no hyphen at its ends`,
  );
}

/** Reads the settings of a new target group from a request. Throws AwsError. */
export function readTargetGroup(
  input: Shape,
): Pick<TargetGroup, "name" | "protocol" | "port" | "vpc" | "healthCheck"> {
  const name = checkName(required(text(input, "Name"), "Name"), "Target group");
  const type = text(input, "TargetType") ?? "instance";
  if (type !== "instance") throw validationError("The sandbox supports only the target type instance");
  const version = text(input, "ProtocolVersion") ?? "HTTP1";
  if (version !== "HTTP1") throw validationError("The sandbox supports only the protocol version HTTP1");
  const protocol = readProtocol(input);
  if (protocol === "TLS") {
    throw new AwsError(
      "UnsupportedProtocol",
      "The sandbox supports TLS for listeners, but not for target groups",
    );
  }
  const port = required(integer(input, "Port", 1, 65_535), "Port");
  const vpc = required(text(input, "VpcId"), "VpcId");
  if (vpc !== VPC && vpc !== OTHER_VPC) throw validationError(`The VPC ID '${vpc}' is not found`);
  return { name, protocol, port, vpc, healthCheck: readHealthCheck(input, protocol) };
}

/** Returns the health check of a new target group. Source: elbv2 API, CreateTargetGroup; NLB guide, "Health checks". */
function defaultHealthCheck(forNetwork: boolean, checkProtocol: string): HealthCheck {
  const withPath = checkProtocol === "HTTP" || checkProtocol === "HTTPS";
  return {
    target: `${checkProtocol}:${TRAFFIC_PORT}${withPath ? "/" : ""}`,
    ...(withPath ? { codes: forNetwork ? "200-399" : "200" } : {}),
    interval: 30,
    timeout: !forNetwork ? 5 : checkProtocol === "HTTP" ? 6 : 10,
    healthyThreshold: 5,
    unhealthyThreshold: 2,
  };
}

/**
 * Applies a request's changes to the health check of a target group. Throws AwsError.
 *
 * @param protocol protocol of the target group
 * @param existing health check before the change; undefined for a new target group
 */
export function readHealthCheck(input: Shape, protocol: Protocol, existing?: HealthCheck): HealthCheck {
  const forNetwork = forNetworkBalancer({ protocol });
  const asked = oneOf(input, "HealthCheckProtocol", ["HTTP", "HTTPS", "TCP"]);
  if (asked === "TCP" && !forNetwork) {
    throw new AwsError(
      "InvalidConfigurationRequest",
      `The health check protocol 'TCP' is not supported for target groups with the protocol '${protocol}'`,
    );
  }
  if (boolean(input, "HealthCheckEnabled") === false) {
    throw new AwsError(
      "InvalidConfigurationRequest",
      "Health check enabled must be true for target groups with target type 'instance'",
    );
  }
  const before = existing !== undefined &&
      (asked ?? checkTarget(existing.target).protocol) === checkTarget(existing.target).protocol
    ? existing
    : { ...defaultHealthCheck(forNetwork, asked ?? (forNetwork ? "TCP" : "HTTP")), ...timesOf(existing) };
  const target = checkTarget(before.target);
  const path = text(input, "HealthCheckPath");
  const codes = text(shape(input, "Matcher") ?? {}, "HttpCode");
  if (target.path === "" && (path !== undefined || codes !== undefined)) {
    throw new AwsError(
      "InvalidConfigurationRequest",
      `You cannot specify a health check path or matcher for the health check protocol '${target.protocol}'`,
    );
  }
  if (path !== undefined && !/^\/\S{0,1023}$/.test(path)) {
    throw validationError(`Health check path '${path}' must begin with a '/' character`);
  }
  const changed: HealthCheck = {
    target: `${target.protocol}:${readCheckPort(input) ?? target.port}${path ?? target.path}`,
    ...(before.codes === undefined
      ? {}
      : { codes: codes === undefined ? before.codes : checkCodes(codes, forNetwork) }),
    interval: integer(input, "HealthCheckIntervalSeconds", 5, 300) ?? before.interval,
    timeout: integer(input, "HealthCheckTimeoutSeconds", 2, 120) ?? before.timeout,
    healthyThreshold: integer(input, "HealthyThresholdCount", 2, 10) ?? before.healthyThreshold,
    unhealthyThreshold: integer(input, "UnhealthyThresholdCount", 2, 10) ?? before.unhealthyThreshold,
  };
  if (changed.timeout >= changed.interval) {
    throw validationError(
      `Health check timeout '${changed.timeout}' must be smaller than the interval '${changed.interval}'`,
    );
  }
  return changed;
}

function timesOf(existing: HealthCheck | undefined): Partial<HealthCheck> {
  if (existing === undefined) return {};
  const { interval, timeout, healthyThreshold, unhealthyThreshold } = existing;
  return { interval, timeout, healthyThreshold, unhealthyThreshold };
}

function readCheckPort(input: Shape): string | undefined {
  const port = text(input, "HealthCheckPort");
  if (port === undefined || port === TRAFFIC_PORT) return port;
  const number = Number(port);
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return port;
  throw validationError(`Health check port '${port}' must be '${TRAFFIC_PORT}' or a port from 1 to 65535`);
}

/** Returns status codes such as `200-299,301` if they are valid. Throws AwsError ValidationError otherwise. */
function checkCodes(codes: string, forNetwork: boolean): string {
  const most = forNetwork ? 599 : 499;
  const valid = /^\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*$/.test(codes) &&
    codes.split(/[,-]/).every((code) => Number(code) >= 200 && Number(code) <= most);
  if (valid) return codes;
  throw validationError(`Health check matcher HTTP code '${codes}' must be within '200-${most}' inclusive`);
}
