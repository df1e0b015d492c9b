/**
 * The health checks that a balancer makes of its instances. kas makes the same checks before it registers an instance.
 *
 * @module
 */
import type { HealthCheck as ClassicHealthCheck } from "@aws-sdk/client-elastic-load-balancing";
import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { parseCodes } from "../../health/codes.ts";
import type { HealthCheckSpec } from "../../health/spec.ts";
import type { Aws } from "../clients.ts";
import { awaitAll } from "../many/await_all.ts";
import type { BalancerRef } from "./balancer.ts";
import { describeBalancer } from "./classic_balancer.ts";
import { describeTargetGroup, targetPorts } from "./target_group.ts";

/** A check without a status code, a port or a protocol that kas knows: the balancer alone decides. */
const NONE: HealthCheckSpec = { protocol: "none" };

/** The longest time that kas waits for an answer, in ms, so that an attempt does not delay the next one for minutes. */
const LONGEST_TIMEOUT = 10_000;

/** Returns the checks of an instance, each at one port. Several target groups or several ports give several checks. */
export type ChecksOf = (id: string) => readonly HealthCheckSpec[];

/**
 * Reads the health checks of a balancer. A balancer that does not exist makes no checks.
 */
export async function readChecks(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<ChecksOf> {
  switch (ref.kind) {
    case "classic": {
      const check = classicCheck((await describeBalancer(aws, ref.name, signal))?.HealthCheck ?? {});
      return () => [check];
    }
    case "target-groups": {
      const groups = await awaitAll(ref.arns.map((arn) => groupChecks(aws, arn, signal)));
      return (id) => groups.flatMap((of) => of(id));
    }
    case "none":
      return () => [];
  }
}

async function groupChecks(aws: Aws, arn: string, signal: AbortSignal | undefined): Promise<ChecksOf> {
  const group = await describeTargetGroup(aws, arn, signal);
  if (group === undefined) return () => [];
  const check = targetGroupCheck(group);
  if (check.protocol === "none" || !usesTrafficPort(group)) return () => [check];
  const portsOf = await targetPorts(aws, arn, signal);
  return (id) => (portsOf(id) ?? [check.port]).map((port) => ({ ...check, port }));
}

/**
 * Returns the check of a Classic Load Balancer, whose target is for example `HTTP:30000/ping` or `SSL:443`. Its HTTP checks pass with status
 * 200 only. Source: ELB API, HealthCheck.
 */
export function classicCheck({ Target, Timeout }: Partial<ClassicHealthCheck>): HealthCheckSpec {
  const [, protocol = "", port = "", path = "/"] = /^(\w+):(\d+)(\/.*)?$/.exec(Target ?? "") ?? [];
  return specOf({ protocol, port: Number(port), path, seconds: Timeout, codes: "200" });
}

/**
 * Returns the check of a target group, at the group's port if the check is at the port of the traffic. kas cannot make a gRPC check, and
 * only opens a connection where the load balancer would check over HTTP/2. Source: elbv2 API, TargetGroup.
 */
export function targetGroupCheck(group: TargetGroup): HealthCheckSpec {
  const { ProtocolVersion, HealthCheckEnabled, HealthCheckProtocol = "", HealthCheckPath: path = "/" } =
    group;
  if (ProtocolVersion === "GRPC" || HealthCheckEnabled === false) return NONE;
  return specOf({
    protocol: ProtocolVersion === "HTTP2" ? "TCP" : HealthCheckProtocol,
    port: Number(usesTrafficPort(group) ? group.Port : group.HealthCheckPort),
    path,
    seconds: group.HealthCheckTimeoutSeconds,
    codes: group.Matcher?.HttpCode ?? "200",
  });
}

/** Whether each target is checked at the port at which it receives requests. */
function usesTrafficPort({ HealthCheckPort = "traffic-port" }: TargetGroup): boolean {
  return HealthCheckPort === "traffic-port";
}

/** A check in AWS's words. */
interface AwsCheck {
  readonly protocol: string;
  readonly port: number;
  readonly path: string;
  readonly seconds: number | undefined;
  readonly codes: string;
}

function specOf({ protocol, port, path, seconds, codes }: AwsCheck): HealthCheckSpec {
  if (!(port >= 1 && port <= 65_535)) return NONE;
  switch (protocol) {
    case "TCP":
    case "SSL":
    case "TLS":
      return { protocol: "tcp", port };
    case "HTTP":
    case "HTTPS":
      try {
        return {
          protocol: protocol === "HTTP" ? "http" : "https",
          port,
          ...(seconds === undefined ? {} : { timeout: Math.min(seconds * 1_000, LONGEST_TIMEOUT) }),
          path,
          codes: parseCodes(codes),
        };
      } catch {
        return NONE;
      }
    default:
      return NONE;
  }
}
