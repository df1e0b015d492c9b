/**
 * What a health check asks a service, and which answer passes. The check comes from the load balancer, or from `--health-check`.
 *
 * @module
 */
import { type CodeRange, codesText } from "./codes.ts";

/** A health check that kas can make itself. */
export type HealthCheck = HttpCheck | TcpCheck;

/** A health check, or `none`: kas makes no check itself. */
export type HealthCheckSpec = HealthCheck | { readonly protocol: "none" };

/** Requests a path, and passes if the answer's status code is one of `codes`. kas does not verify certificates, as ELB does not. */
export interface HttpCheck extends Common {
  readonly protocol: "http" | "https";
  /** The path with its query, such as `/healthz?full=1`. */
  readonly path: string;
  readonly codes: readonly CodeRange[];
}

/** Opens a TCP connection, and passes if the service accepts it. */
export interface TcpCheck extends Common {
  readonly protocol: "tcp";
}

interface Common {
  readonly port: number;
  /** How long the service may take to answer, in ms. If absent, {@link ./check_once.ts} has the default. */
  readonly timeout?: number;
}

/** The codes that pass a check of `--health-check`, which has no codes of its own. */
const SUCCESS: readonly CodeRange[] = [{ from: 200, to: 299 }];

/** The longest path of a health check. Source: elbv2 API, CreateTargetGroup, HealthCheckPath. */
const LONGEST_PATH = 1_024;

const EXPECTED = "expected http:PORT/PATH, https:PORT/PATH, tcp:PORT or none, such as http:8080/healthz";

/**
 * Parses a health check: `http:8080/healthz`, `https:8443/healthz`, `tcp:5432` or `none`. An HTTP check without a path requests `/`. It
 * passes with a status code from 200 to 299. Throws `TypeError("expected …")` if the text is something else.
 */
export function parseHealthCheck(text: string): HealthCheckSpec {
  if (text === "none") return { protocol: "none" };
  const [, protocol, digits, path = ""] = /^(http|https|tcp):(\d{1,5})(\/[!-~]*)?$/.exec(text) ?? [];
  const port = Number(digits);
  if (protocol === undefined || port < 1 || port > 65_535) throw new TypeError(EXPECTED);
  if (protocol === "tcp") {
    if (path !== "") throw new TypeError("expected tcp:PORT without a path");
    return { protocol, port };
  }
  if (path.length > LONGEST_PATH || path.includes("#")) {
    throw new TypeError(`expected a path of at most ${LONGEST_PATH} characters without #`);
  }
  return { protocol: protocol === "https" ? "https" : "http", port, path: path || "/", codes: SUCCESS };
}

/** A health check as `--health-check` writes it: `http:8080/healthz`. */
export function healthCheckText(spec: HealthCheckSpec): string {
  switch (spec.protocol) {
    case "none":
      return "none";
    case "tcp":
      return `tcp:${spec.port}`;
    default:
      return `${spec.protocol}:${spec.port}${spec.path}`;
  }
}

/** A health check with the codes that pass, for messages: `http:8080/healthz with status 200-299`. */
export function describeCheck(spec: HealthCheckSpec): string {
  const text = healthCheckText(spec);
  return "codes" in spec ? `${text} with status ${codesText(spec.codes)}` : text;
}
