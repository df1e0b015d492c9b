/**
 * Makes one health check of one host, as a load balancer makes it.
 *
 * @module
 */
import { type Runtime, timeLimit } from "../runtime.ts";
import { hasCode } from "./codes.ts";
import type { HealthCheck, HttpCheck } from "./spec.ts";

/** The result of one health check. */
export interface CheckResult {
  readonly passed: boolean;
  /**
   * Whether the host answered, so that the result says something about its service. A host that refuses the connection runs, so a refusal
   * is an answer. A failed TLS handshake is no answer, because a load balancer accepts older versions and certificates than kas does.
   */
  readonly answered: boolean;
  /** What happened, for messages: `the last answer was 503 sick`. */
  readonly description: string;
  /** The status code of an HTTP answer. */
  readonly status?: number;
  /** The headers of an HTTP answer. */
  readonly headers?: Headers;
}

/** The parts of the runtime with which kas makes health checks. */
export type CheckRuntime = Pick<Runtime, "clock" | "fetchService" | "connect">;

/**
 * How long a health check waits for an answer if it has no timeout of its own, in ms. A service needs no time to accept a connection, only
 * to answer a request.
 */
const TIMEOUT = { tcp: 2_000, http: 5_000, https: 5_000 } as const;

/** How many characters of an answer's body a description quotes. */
const QUOTED = 80;

/**
 * The headers of a request. Some services answer the checks of a load balancer in their own way, by its User-Agent. kas asks for the same
 * answer. Source: ALB guide, "Health checks for Application Load Balancer target groups".
 */
const HEADERS = { "user-agent": "ELB-HealthChecker/2.0 kas" };

/**
 * Makes one health check.
 *
 * @param host the host name or IP address, an IPv6 address without brackets
 * @throws the reason of `signal` if it aborts; no other errors
 */
export async function checkOnce(
  runtime: CheckRuntime,
  check: HealthCheck,
  host: string,
  signal: AbortSignal,
): Promise<CheckResult> {
  const timeout = check.timeout ?? TIMEOUT[check.protocol];
  using limit = timeLimit(runtime.clock, timeout);
  const ended = AbortSignal.any([signal, limit.signal]);
  try {
    if (check.protocol !== "tcp") return await request(runtime, check, host, ended);
    await runtime.connect(host, check.port, ended);
    return { passed: true, answered: true, description: `port ${check.port} is open` };
  } catch (error) {
    signal.throwIfAborted();
    const why = limit.signal.aborted ? `no answer within ${timeout / 1_000} s` : innermostMessage(error);
    const answered = /^connection (refused|reset|closed)|^invalid http/.test(why);
    return { passed: false, answered, description: `the last attempt failed: ${why}` };
  }
}

/** The URL of a check at a host: `http://10.0.0.7:8080/healthz` or `tcp://[2001:db8::7]:5432`. */
export function urlOf(check: HealthCheck, host: string): string {
  const { protocol, port } = check;
  return `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}${
    "path" in check ? check.path : ""
  }`;
}

async function request(
  { fetchService }: CheckRuntime,
  check: HttpCheck,
  host: string,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { status, headers, body } = await fetchService(urlOf(check, host), { headers: HEADERS, signal });
  const description = `the last answer was ${status} ${await firstLine(body)}`.trimEnd();
  return { passed: hasCode(check.codes, status), answered: true, description, status, headers };
}

/** Returns the beginning of a body in one line. Does not read the rest of the body. */
async function firstLine(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk.subarray(0, 4 * QUOTED), { stream: true });
    if (text.length >= QUOTED) break;
  }
  return Array.from(text.replaceAll(/[\s\p{C}]+/gu, " ").trim()).slice(0, QUOTED).join("");
}

/** Returns the innermost message of a failed connection or request, for example "connection refused". */
export function innermostMessage(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return innermostMessage(error.cause);
  const message = error instanceof Error ? error.message : String(error);
  const innermost = message.split(": ").at(-1) ?? message;
  return innermost.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
