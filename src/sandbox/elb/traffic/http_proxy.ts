/**
 * The reverse proxy of a load balancer. The proxy sends each request to the in-service instance with the fewest requests in
 * progress. It lets the requests of a draining instance finish.
 *
 * @module
 */
import type { Faults } from "../../faults/faults.ts";
import type { Clock } from "../../clock.ts";
import type { Account } from "../../account/account.ts";
import { balancerOfGroup, findPool, type Snapshot } from "../../account/snapshot.ts";
import { checkTarget } from "./check.ts";
import { reaches } from "./reach.ts";
import { instanceOf, type LoadBalancer, portOf, type TargetGroup } from "../../account/load_balancer.ts";
import { fetchUnverified } from "./https.ts";
import { type InProgress, Traffic } from "./traffic.ts";

/** Names of the headers that a proxy must not forward. Source: RFC 9110, 7.6.1. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Largest body that the proxy buffers, in bytes. Buffering a small body is faster than streaming the body. */
const MAX_BUFFERED_BODY = 65_536;

/** The reverse proxy of one Classic Load Balancer or target group. */
export class BalancerProxy extends Traffic {
  readonly #fetch: typeof fetch;
  readonly #client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 256 });

  /**
   * @param key name of the Classic Load Balancer or ARN of the target group
   * @param network sends requests to the instances
   */
  constructor(clock: Clock, account: Account, faults: Faults, key: string, network: typeof fetch) {
    super(clock, account, faults, key);
    this.#fetch = network;
  }

  /**
   * Forwards a request to an instance. Returns status 503 if no instance is in service, and status 504 if the instance does not
   * respond. Source: CLB guide, ts-elb-error-message.
   *
   * @param client IP address of the client
   * @param scheme scheme of the listener: `http` or `https`
   */
  async handle(request: Request, client?: string, scheme = "http"): Promise<Response> {
    const { current } = this.account;
    const pool = findPool(current, this.key);
    const registration = pool && this.select(pool);
    const instance = registration && current.instances.get(instanceOf(registration));
    if (pool === undefined || registration === undefined || !instance) {
      return new Response("no instance in service\n", { status: 503 });
    }
    const port = portOf(registration) ?? instancePort(pool);
    if (this.faults.securityGroups && !reaches(current, pool, instance, port)) {
      return new Response("the instance did not respond\n", { status: 504 });
    }
    const { signal, done } = this.#beginRequest(registration, idleTimeout(current, pool));
    try {
      const { pathname, search } = new URL(request.url);
      const target = `${instance.address}:${port}${pathname}${search}`;
      const options = {
        method: request.method,
        headers: forwardedHeaders(request, scheme, client),
        body: request.body,
        redirect: "manual",
        signal,
      } as const;
      const response = "arn" in pool && pool.protocol === "HTTPS"
        ? await fetchUnverified(`https://${target}`, options)
        : await this.#fetch(`http://${target}`, { ...options, client: this.#client });
      const body = await relayBody(response, done);
      this.countAnswer();
      return new Response(body, { status: response.status, headers: endToEndHeaders(response.headers) });
    } catch {
      done();
      return new Response("the instance did not respond\n", { status: 504 });
    }
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#client.close();
  }

  /** Counts a request as in progress until the caller calls `done` or the idle timeout in seconds passes. */
  #beginRequest(registration: string, idleTimeout: number): InProgress {
    const { signal, done } = this.begin(registration);
    const idle = new AbortController();
    const timeout = this.clock.after(idleTimeout * 1_000, () => idle.abort());
    return {
      signal: AbortSignal.any([signal, idle.signal]),
      done: () => {
        timeout[Symbol.dispose]();
        done();
      },
    };
  }
}

/** Returns the port that the instances of a pool serve on. Without a listener, that is the port of the health check. */
function instancePort(pool: LoadBalancer | TargetGroup): number {
  if ("arn" in pool) return pool.port;
  return pool.listeners[0]?.instancePort ?? Number(checkTarget(pool.healthCheck.target).port);
}

/** Returns the idle timeout of a pool's load balancer in seconds. */
function idleTimeout(snapshot: Snapshot, pool: LoadBalancer | TargetGroup): number {
  if (!("arn" in pool)) return pool.attributes.idleTimeout;
  return Number(balancerOfGroup(snapshot, pool.arn)?.attributes["idle_timeout.timeout_seconds"] ?? 60);
}

function forwardedHeaders(request: Request, scheme: string, client = "127.0.0.1"): Headers {
  const headers = endToEndHeaders(request.headers);
  headers.append("x-forwarded-for", client);
  headers.set("x-forwarded-proto", scheme);
  // The proxy requests unencoded bodies, because fetch() would decode any other encoding.
  headers.set("accept-encoding", "identity");
  return headers;
}

function endToEndHeaders(headers: Headers): Headers {
  const rest = new Headers(headers);
  const named =
    headers.get("connection")?.split(",").map((name) => name.trim()).filter((name) => name !== "") ?? [];
  for (const name of [...HOP_BY_HOP, ...named]) rest.delete(name);
  return rest;
}

/** Returns the body of a response. Calls `done` when the proxy has forwarded the whole body. */
async function relayBody(response: Response, done: () => void): Promise<BodyInit | null> {
  const { body } = response;
  if (body === null || Number(response.headers.get("content-length") ?? Infinity) <= MAX_BUFFERED_BODY) {
    const bytes = body && await response.arrayBuffer();
    done();
    return bytes;
  }
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done: ended, value } = await reader.read();
        if (value !== undefined) controller.enqueue(value);
        if (!ended) return;
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      done();
    },
    async cancel(reason) {
      done();
      await reader.cancel(reason);
    },
  });
}
