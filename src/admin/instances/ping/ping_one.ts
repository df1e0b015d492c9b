/**
 * One ping of a service, and its result.
 *
 * @module
 */
import type { Row } from "../../../cli/output.ts";
import { checkOnce, urlOf } from "../../../health/check_once.ts";
import type { HealthCheck, HttpCheck } from "../../../health/spec.ts";
import { fetchDirect, realRuntime } from "../../../runtime.ts";

/** The status of a running instance without an address. */
export const NO_ADDRESS = "no-address";

/** The status of a service that kas cannot check from here. */
export const NO_CHECK = "no-check";

/** A service to ping. */
export interface PingTarget {
  /** An instance's id or a host. */
  readonly target: string;
  /** `service`: the fleet's service. `kas`: a worker or an autoscaler at a given port. */
  readonly service: "service" | "autoscaler" | "kas";
  /** Where the service should answer. Undefined if there is nothing to ping; `status` is then the reason. */
  readonly at: Endpoint | undefined;
  readonly status?: string;
}

/** A host and the check of its service. */
export interface Endpoint {
  readonly host: string;
  readonly check: HealthCheck;
  /** The body of the right answer. If a different server uses the port, its answer has a different body. */
  readonly body?: string;
}

/** The result of a ping, as a row of the table. */
export interface PingResult extends Row {
  readonly target: string;
  readonly service: string;
  readonly url: string | undefined;
  /** The HTTP status, or one word that describes the error. */
  readonly status: string | number;
  readonly ms: number | undefined;
  readonly failed: boolean;
}

/** The /ping of kas's own services. */
export function pong(host: string, port: number): Endpoint & { readonly check: HttpCheck } {
  const codes = [{ from: 200, to: 200 }];
  return { host, check: { protocol: "http", port, path: "/ping", codes }, body: "pong" };
}

/** Pings once, and waits at most `timeout` ms for the answer. */
export async function pingOne(
  { target, service, at, status = "-" }: PingTarget,
  timeout: number,
  signal: AbortSignal,
): Promise<PingResult> {
  // A service without a check is not a failure: only the load balancer can check it.
  if (at === undefined) {
    return { target, service, url: undefined, status, ms: undefined, failed: status !== NO_CHECK };
  }
  const { host, check, body } = at;
  const url = urlOf(check, host);
  const start = performance.now();
  const result = (status: string | number, failed: boolean): PingResult => {
    return { target, service, url, status, ms: Math.round(performance.now() - start), failed };
  };
  if (!URL.canParse(url)) return result("no-host", true);
  try {
    // SNS accepts only an autoscaler with a valid certificate. Of other services, no certificate is verified, as ELB does not.
    const runtime = service === "autoscaler" ? { ...realRuntime, fetchService: fetchDirect } : realRuntime;
    const checked = await checkOnce(runtime, { ...check, timeout }, host, signal);
    if (!checked.passed) return result(checked.status ?? networkErrorWord(checked.description), true);
    if (body !== undefined && !checked.description.endsWith(` 200 ${body}`)) return result("not-pong", true);
    return result(checked.status ?? "open", false);
  } catch (error) {
    if (!signal.aborted) throw error;
    return result("interrupted", true);
  }
}

/** Returns one word that describes a network error, from its message. */
function networkErrorWord(message: string): string {
  if (/no answer within/.test(message)) return "timeout";
  if (/refused/.test(message)) return "refused";
  if (/dns|lookup|resolve|not known|enotfound/.test(message)) return "unknown-host";
  if (/unreachable|no route/.test(message)) return "unreachable";
  return "broken";
}
