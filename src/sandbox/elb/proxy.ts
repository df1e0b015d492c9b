/**
 * A load balancer at work, for the instances of one pool: a reverse proxy that sends each request to the in-service instance with
 * the fewest under way, and lets those of a deregistered one end.
 *
 * @module
 */
import { INSTANCE_PORT } from "../machines/machine.ts";
import type { Clock } from "../clock.ts";
import type { Account } from "../account/account.ts";
import { findPool } from "../account/snapshot.ts";
import type { LoadBalancer, Pool, RegistrationPhase, TargetGroup } from "../account/load_balancer.ts";

/** Headers that are between two neighbours only. Source: RFC 9110, 7.6.1. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Bodies up to this many bytes are read whole before they are sent on, which is quicker than a stream. */
const MAX_BUFFERED_BODY = 65_536;

/** How long an Application Load Balancer lets a request be silent, s. Source: ALB guide, "Connection idle timeout". */
const IDLE_TIMEOUT = 60;

/** The proxy of one pool. */
export class BalancerProxy implements Disposable {
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #key: string;
  readonly #fetch: typeof fetch;
  readonly #client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 256 });
  /** What ends the requests under way, by instance id. */
  readonly #inProgress = new Map<string, Set<AbortController>>();
  /** When each instance was last chosen, counted in requests. */
  readonly #chosen = new Map<string, number>();
  readonly #drains = new Map<string, Disposable>();
  #turn = 0;
  #answered = 0;

  /**
   * @param key the pool's
   * @param network the way to the instances
   */
  constructor(clock: Clock, account: Account, key: string, network: typeof fetch) {
    this.#clock = clock;
    this.#account = account;
    this.#key = key;
    this.#fetch = network;
  }

  /** Requests that instances have answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Requests under way at an instance. */
  inProgress(id: string): number {
    return this.#inProgress.get(id)?.size ?? 0;
  }

  /** Sends a request to an instance; 503 if there is none in service, 504 if it fails. Source: CLB guide, ts-elb-error-message. */
  async handle(request: Request, client?: string): Promise<Response> {
    const pool = findPool(this.#account.current, this.#key);
    const id = pool && this.#choose(pool);
    const address = id === undefined ? undefined : this.#account.current.instances.get(id)?.address;
    if (pool === undefined || id === undefined || address === undefined) {
      return new Response("no instance in service\n", { status: 503 });
    }
    const { port, idleTimeout } = routingSettings(pool);
    const end = this.#begin(id, idleTimeout);
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
      return new Response("the instance did not answer\n", { status: 504 });
    }
  }

  /**
   * Takes no more requests to an instance, and ends its registration at the deadline; that of a Classic Load Balancer as soon as
   * the requests under way have ended.
   */
  drain(id: string): void {
    const pool = findPool(this.#account.current, this.#key);
    if (pool === undefined) return;
    this.#account.setRegistration(this.#key, id, "draining");
    const { drainingTimeout: drainingTimeout, endsWhenIdle } = routingSettings(pool);
    if (drainingTimeout === 0 || (endsWhenIdle && this.inProgress(id) === 0)) return this.#drained(id);
    this.#drains.get(id)?.[Symbol.dispose]();
    this.#drains.set(id, this.#clock.after(drainingTimeout * 1_000, () => this.#drained(id)));
  }

  /** Forgets that an instance was draining: it has been registered again. */
  cancelDraining(id: string): void {
    this.#drains.get(id)?.[Symbol.dispose]();
    this.#drains.delete(id);
  }

  [Symbol.dispose](): void {
    for (const drain of this.#drains.values()) drain[Symbol.dispose]();
    for (const requests of this.#inProgress.values()) for (const request of requests) request.abort();
    this.#client.close();
  }

  /** Who gets a request. A target group all of whose targets are unhealthy fails open. Source: ALB guide, target-group-health. */
  #choose(pool: LoadBalancer | TargetGroup): string | undefined {
    const id = this.#leastLoaded(pool, "in-service") ??
      (routingSettings(pool).failsOpen ? this.#leastLoaded(pool, "out-of-service") : undefined);
    if (id !== undefined) this.#chosen.set(id, ++this.#turn);
    return id;
  }

  /** The instance in a phase with the fewest requests under way; of equals, the one least recently chosen. */
  #leastLoaded({ registrations }: Pool, wanted: RegistrationPhase): string | undefined {
    let best: { id: string; load: number; chosen: number } | undefined;
    for (const [id, phase] of registrations) {
      if (phase !== wanted) continue;
      const load = this.inProgress(id);
      const chosen = this.#chosen.get(id) ?? 0;
      if (best === undefined || load < best.load || (load === best.load && chosen < best.chosen)) {
        best = { id, load, chosen };
      }
    }
    return best?.id;
  }

  /** Counts a request in, until it is done, at the latest after the idle timeout (s). */
  #begin(id: string, idleTimeout: number): { signal: AbortSignal; done: () => void } {
    const request = new AbortController();
    const requests = this.#inProgress.get(id) ?? new Set();
    this.#inProgress.set(id, requests.add(request));
    const timeout = this.#clock.after(idleTimeout * 1_000, () => request.abort());
    const done = () => {
      timeout[Symbol.dispose]();
      if (requests.delete(request) && requests.size === 0 && this.#drains.has(id)) this.#idle(id);
    };
    return { signal: request.signal, done };
  }

  #idle(id: string): void {
    const pool = findPool(this.#account.current, this.#key);
    if (pool !== undefined && routingSettings(pool).endsWhenIdle) this.#drained(id);
  }

  #drained(id: string): void {
    this.cancelDraining(id);
    // Whatever has not ended by now is cut off.
    for (const request of this.#inProgress.get(id) ?? []) request.abort();
    this.#account.setRegistration(this.#key, id, undefined);
  }
}

/** How a pool serves and drains. */
interface RoutingSettings {
  /** That its instances serve on. */
  readonly port: number;
  /** s. */
  readonly idleTimeout: number;
  /** Until what an instance that was deregistered has not ended is cut off, s. */
  readonly drainingTimeout: number;
  /** The last request under way ends the draining. */
  readonly endsWhenIdle: boolean;
  /** Where all are unhealthy, all of them get requests. */
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
  // fetch would undo any other encoding on the way.
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

/** A response's body, and `done` called when it has been passed on. */
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
