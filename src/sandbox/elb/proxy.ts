/**
 * The reverse proxy of a load balancer. The proxy sends each request to the in-service instance with the fewest requests in
 * progress. It lets the requests of a draining instance finish.
 *
 * @module
 */
import type { Faults } from "../faults/faults.ts";
import { INSTANCE_PORT } from "../machines/machine.ts";
import type { Clock } from "../clock.ts";
import type { Account } from "../account/account.ts";
import { findPool } from "../account/snapshot.ts";
import { reaches } from "./reach.ts";
import type { LoadBalancer, Pool, RegistrationPhase, TargetGroup } from "../account/load_balancer.ts";

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

/** Idle timeout of an Application Load Balancer in seconds. Source: ALB guide, "Connection idle timeout". */
const IDLE_TIMEOUT = 60;

/** The reverse proxy of one Classic Load Balancer or target group. */
export class BalancerProxy implements Disposable {
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #faults: Faults;
  readonly #key: string;
  readonly #fetch: typeof fetch;
  readonly #client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 256 });
  /** Controllers that abort the requests in progress, by instance id. */
  readonly #inProgress = new Map<string, Set<AbortController>>();
  /** Sequence number of the latest request to each instance, by instance id. */
  readonly #latestRequest = new Map<string, number>();
  readonly #drains = new Map<string, Disposable>();
  /** Timers for the delayed removal of registrations whose draining has ended. A fault causes the delay. */
  readonly #removals = new Map<string, Disposable>();
  #requestNumber = 0;
  #answered = 0;

  /**
   * @param key name of the Classic Load Balancer or ARN of the target group
   * @param network sends requests to the instances
   */
  constructor(clock: Clock, account: Account, faults: Faults, key: string, network: typeof fetch) {
    this.#clock = clock;
    this.#account = account;
    this.#faults = faults;
    this.#key = key;
    this.#fetch = network;
  }

  /** The number of requests that instances answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Returns the number of requests in progress on an instance. */
  inProgress(id: string): number {
    return this.#inProgress.get(id)?.size ?? 0;
  }

  /**
   * Forwards a request to an instance. Returns status 503 if no instance is in service, and status 504 if the instance does not
   * respond. Source: CLB guide, ts-elb-error-message.
   */
  async handle(request: Request, client?: string): Promise<Response> {
    const pool = findPool(this.#account.current, this.#key);
    const id = pool && this.#selectInstance(pool);
    const instance = id === undefined ? undefined : this.#account.current.instances.get(id);
    if (pool === undefined || id === undefined || instance === undefined) {
      return new Response("no instance in service\n", { status: 503 });
    }
    const { address } = instance;
    const { port, idleTimeout } = routingSettings(pool);
    if (this.#faults.securityGroups && !reaches(this.#account.current, pool, instance, port)) {
      return new Response("the instance did not respond\n", { status: 504 });
    }
    const end = this.#beginRequest(id, idleTimeout);
    try {
      const url = new URL(request.url);
      const response = await this.#fetch(`http://${address}:${port}${url.pathname}${url.search}`, {
        client: this.#client,
        method: request.method,
        headers: forwardedHeaders(request, client),
        body: request.body,
        redirect: "manual",
        signal: end.signal,
      });
      const body = await relayBody(response, end.done);
      this.#answered++;
      return new Response(body, { status: response.status, headers: endToEndHeaders(response.headers) });
    } catch {
      end.done();
      return new Response("the instance did not respond\n", { status: 504 });
    }
  }

  /**
   * Stops sending new requests to an instance. Its registration ends after the draining timeout. With a Classic Load Balancer, the
   * registration ends earlier if the instance has no more requests in progress.
   */
  drain(id: string): void {
    const pool = findPool(this.#account.current, this.#key);
    if (pool === undefined) return;
    this.#account.setRegistration(this.#key, id, "draining");
    const { drainingTimeout: drainingTimeout, endsWhenIdle } = routingSettings(pool);
    if (drainingTimeout === 0 || (endsWhenIdle && this.inProgress(id) === 0)) return this.#endDraining(id);
    this.#drains.get(id)?.[Symbol.dispose]();
    this.#drains.set(id, this.#clock.after(drainingTimeout * 1_000, () => this.#endDraining(id)));
  }

  /** Cancels the draining of an instance that a client registered again. */
  cancelDraining(id: string): void {
    for (const timers of [this.#drains, this.#removals]) {
      timers.get(id)?.[Symbol.dispose]();
      timers.delete(id);
    }
  }

  [Symbol.dispose](): void {
    for (const timer of [...this.#drains.values(), ...this.#removals.values()]) timer[Symbol.dispose]();
    for (const requests of this.#inProgress.values()) for (const request of requests) request.abort();
    this.#client.close();
  }

  /**
   * Selects the instance that receives a request. If a target group has no healthy target, the proxy selects among all targets.
   * Source: ALB guide, target-group-health.
   */
  #selectInstance(pool: LoadBalancer | TargetGroup): string | undefined {
    const id = this.#leastLoaded(pool, "in-service") ??
      (routingSettings(pool).failsOpen ? this.#leastLoaded(pool, "out-of-service") : undefined);
    if (id !== undefined) this.#latestRequest.set(id, ++this.#requestNumber);
    return id;
  }

  /**
   * Returns the instance that has the given phase and the fewest requests in progress. Of equal instances, returns the least recently used.
   */
  #leastLoaded({ registrations }: Pool, inPhase: RegistrationPhase): string | undefined {
    let best: { id: string; load: number; latest: number } | undefined;
    for (const [id, phase] of registrations) {
      if (phase !== inPhase) continue;
      const load = this.inProgress(id);
      const latest = this.#latestRequest.get(id) ?? 0;
      if (best === undefined || load < best.load || (load === best.load && latest < best.latest)) {
        best = { id, load, latest };
      }
    }
    return best?.id;
  }

  /** Counts a request as in progress until the caller calls `done` or `idleTimeout` seconds pass. */
  #beginRequest(id: string, idleTimeout: number): { signal: AbortSignal; done: () => void } {
    const request = new AbortController();
    const requests = this.#inProgress.get(id) ?? new Set();
    this.#inProgress.set(id, requests.add(request));
    const timeout = this.#clock.after(idleTimeout * 1_000, () => request.abort());
    const done = () => {
      timeout[Symbol.dispose]();
      if (requests.delete(request) && requests.size === 0 && this.#drains.has(id)) this.#onIdle(id);
    };
    return { signal: request.signal, done };
  }

  #onIdle(id: string): void {
    const pool = findPool(this.#account.current, this.#key);
    if (pool !== undefined && routingSettings(pool).endsWhenIdle) this.#endDraining(id);
  }

  #endDraining(id: string): void {
    this.cancelDraining(id);
    // At the timeout, the proxy aborts the requests that are still in progress.
    for (const request of this.#inProgress.get(id) ?? []) request.abort();
    const remove = () => {
      this.#removals.delete(id);
      this.#account.setRegistration(this.#key, id, undefined);
    };
    const { drainLag } = this.#faults;
    if (drainLag === 0) remove();
    else this.#removals.set(id, this.#clock.after(drainLag, remove));
  }
}

/** The routing settings that differ between a Classic Load Balancer and a target group. */
interface RoutingSettings {
  /** Port that the instances serve on. */
  readonly port: number;
  /** Idle timeout of a request in seconds. */
  readonly idleTimeout: number;
  /** How long a deregistered instance may take to finish its requests, in seconds. */
  readonly drainingTimeout: number;
  /** Whether draining ends as soon as the instance has no request in progress. */
  readonly endsWhenIdle: boolean;
  /** Whether the proxy sends requests to unhealthy instances if no instance is healthy. */
  readonly failsOpen: boolean;
}

function routingSettings(pool: LoadBalancer | TargetGroup): RoutingSettings {
  if ("arn" in pool) {
    return {
      port: pool.port,
      idleTimeout: IDLE_TIMEOUT,
      drainingTimeout: pool.deregistrationDelay,
      endsWhenIdle: false,
      failsOpen: true,
    };
  }
  const { listeners, attributes: { idleTimeout, draining, drainingTimeout } } = pool;
  const port = listeners[0]?.instancePort ?? INSTANCE_PORT;
  const delay = draining ? drainingTimeout : 0;
  return { port, idleTimeout, drainingTimeout: delay, endsWhenIdle: true, failsOpen: false };
}

function forwardedHeaders(request: Request, client = "127.0.0.1"): Headers {
  const headers = endToEndHeaders(request.headers);
  headers.append("x-forwarded-for", client);
  headers.set("x-forwarded-proto", "http");
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
