/**
 * Asks a service over HTTP to finish its work and to take no more. A fleet without a load balancer needs this before kas stops an
 * instance.
 *
 * @module
 */
import { type Runtime, timeLimit } from "../runtime.ts";
import { innermostMessage } from "./check_once.ts";

/** Where a service takes requests to drain. */
export interface DrainTarget {
  readonly port: number;
  /** The path, such as `/drain`. */
  readonly path: string;
}

/**
 * What a request asks: `POST` asks the service to drain, `GET` asks whether the service has drained, and `DELETE` asks it to take work
 * again.
 */
export type DrainMethod = "POST" | "GET" | "DELETE";

/**
 * The outcome of a request. `yes`: the service answered with a status from 200 to 299, to a GET with 200. `no`: it answered with another
 * status. `refused`: the host refused the connection, so no service listens. `silent`: no answer came.
 */
export interface DrainAnswer {
  readonly outcome: "yes" | "no" | "refused" | "silent";
  /** What happened, for messages: `POST http:8080/drain answered 503`. */
  readonly description: string;
}

/** How long kas waits for an answer, in ms. */
const TIMEOUT = 5_000;

/** The longest path of a request. */
const LONGEST_PATH = 1_024;

/** Parses a target: `http:8080/drain`. Throws `TypeError("expected …")` if the text is something else. */
export function parseDrainTarget(text: string): DrainTarget {
  const [, digits, path = ""] = /^http:(\d{1,5})(\/[!-~]*)$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535) || path.length > LONGEST_PATH || path.includes("#")) {
    throw new TypeError("expected http:PORT/PATH, such as http:8080/drain");
  }
  return { port, path };
}

/** Returns a target as the setting has it: `http:8080/drain`. */
export function drainTargetText({ port, path }: DrainTarget): string {
  return `http:${port}${path}`;
}

/**
 * Sends one request to the service on a host. Never rejects: the outcome says what happened.
 *
 * @param host the host name or IP address, an IPv6 address without brackets
 */
export async function requestDrain(
  { clock, fetchService }: Pick<Runtime, "clock" | "fetchService">,
  target: DrainTarget,
  host: string,
  method: DrainMethod,
): Promise<DrainAnswer> {
  const name = `${method} ${drainTargetText(target)}`;
  const authority = host.includes(":") ? `[${host}]` : host;
  using limit = timeLimit(clock, TIMEOUT);
  try {
    const url = `http://${authority}:${target.port}${target.path}`;
    const { status } = await fetchService(url, { method, signal: limit.signal });
    const isYes = method === "GET" ? status === 200 : status >= 200 && status <= 299;
    return { outcome: isYes ? "yes" : "no", description: `${name} answered ${status}` };
  } catch (error) {
    const why = limit.signal.aborted ? `no answer within ${TIMEOUT / 1_000} s` : innermostMessage(error);
    const outcome = /^connection refused/.test(why) ? "refused" : "silent";
    return { outcome, description: `${name} failed: ${why}` };
  }
}
