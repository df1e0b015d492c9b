/**
 * One health check of a load balancer.
 *
 * @module
 */
import type { CheckFailure } from "../../account/load_balancer.ts";
import { fetchUnverified } from "./https.ts";

/** The value of a health check's port that means the port on which the target serves. */
export const TRAFFIC_PORT = "traffic-port";

/** The parts of a health check's target, such as `HTTP:30000/ping`. */
export interface CheckTarget {
  /** HTTP, HTTPS, TCP, or SSL for a Classic Load Balancer. */
  readonly protocol: string;
  /** A port, or {@linkcode TRAFFIC_PORT}. */
  readonly port: string;
  /** The path of HTTP and HTTPS; otherwise empty. */
  readonly path: string;
}

/** Splits the target of a health check. */
export function checkTarget(target: string): CheckTarget {
  const [, protocol = "TCP", port = TRAFFIC_PORT, path = ""] =
    /^([A-Z]+):(\d+|traffic-port)(.*)$/.exec(target) ?? [];
  return { protocol, port, path };
}

/** A health check at an address. */
export interface Check extends CheckTarget {
  readonly address: string;
  /** The HTTP status codes of a healthy instance, such as `200-299,301`. */
  readonly codes: string;
  /** Aborts at the timeout of the health check. */
  readonly signal: AbortSignal;
  /** Sends requests to the instances. */
  readonly network: (
    url: string,
    options: { readonly redirect: "manual"; readonly signal: AbortSignal },
  ) => Promise<Response>;
}

/** Carries a health check out. Returns why it failed, or undefined if it passed. Certificates are not verified. */
export async function runCheck(check: Check): Promise<CheckFailure | undefined> {
  const { protocol, address, port, path, codes, signal, network } = check;
  try {
    if (protocol === "TCP" || protocol === "SSL") {
      await connects(address, Number(port), signal);
      return undefined;
    }
    const host = `${address}:${port}${path}`;
    const response = protocol === "HTTPS"
      ? await fetchUnverified(`https://${host}`, { signal })
      : await network(`http://${host}`, { redirect: "manual", signal });
    await response.body?.cancel();
    if (matches(codes, response.status)) return undefined;
    return {
      reason: "Target.ResponseCodeMismatch",
      description: `Health checks failed with these codes: [${response.status}]`,
    };
  } catch {
    return signal.aborted ? TIMED_OUT : FAILED;
  }
}

/** The failure of a check without an answer. */
export const TIMED_OUT: CheckFailure = { reason: "Target.Timeout", description: "Request timed out" };
/** The failure of a check whose connection failed. */
export const FAILED: CheckFailure = {
  reason: "Target.FailedHealthChecks",
  description: "Health checks failed",
};

/** Opens a connection and closes it. Rejects if `signal` aborts first. */
async function connects(hostname: string, port: number, signal: AbortSignal): Promise<void> {
  const connection = await Deno.connect({ hostname, port, signal });
  connection.close();
}

/** Returns whether a status code is one of the codes, such as `200-299,301`. */
export function matches(codes: string, status: number): boolean {
  return codes.split(",").some((range) => {
    const [first = NaN, last = first] = range.split("-").map(Number);
    return first <= status && status <= last;
  });
}
