/**
 * The options of `kas admin setup` for the load balancer that it creates.
 *
 * @module
 */
import type { ListenerProtocol } from "../../../aws/balancing/v2/listeners.ts";
import type { HealthCheckPlan } from "../../../aws/balancing/target_group_settings.ts";
import type { Options } from "../../../cli/command.ts";
import { integer } from "../../../cli/parsers.ts";
import { parseHealthCheck } from "../../../health/spec.ts";

/** What to do if the target group of `--target-group` or `KAS_TARGET_GROUP` does not exist, or is not one of setup. */
export const CREATE_GROUP =
  "unset KAS_TARGET_GROUP, or give another --target-group. With --balancer application or network, kas admin setup creates one";

/** A protocol and a port on which a load balancer listens. */
export interface Listen {
  readonly protocol: ListenerProtocol;
  readonly port: number;
}

const PROTOCOLS: Readonly<Record<string, ListenerProtocol>> = {
  http: "HTTP",
  https: "HTTPS",
  tcp: "TCP",
  tls: "TLS",
};

const parsePort = integer(1, 65_535);

/** Parses `http:80`. */
export function listen(value: string): Listen {
  const [, name = "", port = ""] = /^([a-z]+):(\d{1,5})$/.exec(value) ?? [];
  const protocol = PROTOCOLS[name];
  if (protocol === undefined) {
    throw new TypeError("expected http:PORT, https:PORT, tcp:PORT or tls:PORT, such as http:80");
  }
  return { protocol, port: parsePort(port) };
}

/** Parses a path at the port of the service, such as `/healthz`, or a check such as `http:8080/healthz` or `tcp:5432`. */
export function healthCheck(value: string): HealthCheckPlan {
  const isPath = value.startsWith("/");
  const check = parseHealthCheck(isPath ? `http:1${value}` : value);
  if (check.protocol === "none") {
    throw new TypeError("expected a path such as /healthz, http:PORT/PATH or tcp:PORT");
  }
  return {
    protocol: check.protocol.toUpperCase() as HealthCheckPlan["protocol"],
    port: isPath ? undefined : check.port,
    path: check.protocol === "tcp" ? undefined : check.path,
  };
}

/** Parses the ARN of a certificate in ACM or IAM. */
function certificateArn(value: string): string {
  if (
    !/^arn:aws[a-z-]*:(acm:[a-z0-9-]+:\d{12}:certificate|iam::\d{12}:server-certificate)\/\S+$/.test(value)
  ) {
    throw new TypeError(
      "expected a certificate's ARN such as arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef",
    );
  }
  return value;
}

/** Parses ids of subnets, separated by commas. */
function subnetIds(value: string): readonly string[] {
  const ids = value.split(",").map((id) => id.trim());
  if (!ids.every((id) => /^subnet-[0-9a-z-]+$/.test(id))) {
    throw new TypeError("expected ids of subnets such as subnet-0123abcd,subnet-4567ef01");
  }
  return [...new Set(ids)];
}

/** The options for an Application or Network Load Balancer. */
export const BALANCER_OPTIONS = {
  listen: {
    placeholder: "PROTOCOL:PORT",
    help:
      "listener of the new load balancer: http:80 or https:443 (application), tcp:5432 or tls:443 (network)",
    repeat: true,
    parse: listen,
  },
  forward: {
    placeholder: "PORT",
    help: "port of the service on the instances",
    parse: parsePort,
  },
  healthCheck: {
    placeholder: "CHECK",
    help: "health check of the target group: /healthz, http:8080/healthz or tcp:5432 " +
      "(default for a new one: / of an application, tcp of a network load balancer)",
    parse: healthCheck,
  },
  certificate: {
    placeholder: "ARN",
    help: "certificate of the https and tls listeners",
    parse: certificateArn,
  },
  subnets: {
    placeholder: "ID,ID…",
    help: "subnets of the load balancer, one per zone (default: those of the instances' or the default VPC)",
    parse: subnetIds,
  },
} as const satisfies Options;
