/**
 * The load balancers that exist, at work: each listens at an address of its own, as its DNS name says, and each pool of instances
 * has a proxy and health checks.
 *
 * @module
 */
import { Balancer } from "./balancer.ts";
import type { Faults } from "../faults.ts";
import { HealthChecks } from "./health_checks.ts";
import type { Clock } from "../service.ts";
import type { Forward, LoadBalancer, TargetGroup, World } from "../world.ts";

interface AtWork extends AsyncDisposable {
  readonly proxy?: Balancer;
}

/** Keeps a proxy running for each Classic Load Balancer and target group of the world, and the ports open that lead to them. */
export class Balancers implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #world: World;
  readonly #faults: Faults;
  /** By a pool's key, or by a listener's ARN. */
  readonly #atWork = new Map<string, AtWork>();
  readonly #closing = new Set<PromiseLike<void>>();

  constructor(clock: Clock, world: World, faults: Faults) {
    this.#clock = clock;
    this.#world = world;
    this.#faults = faults;
  }

  /** Adds a Classic Load Balancer to the world and opens its ports. Throws Deno.errors.AddrInUse. */
  open(balancer: LoadBalancer): void {
    this.#world.putBalancer(balancer);
    this.#serve(balancer.name, balancer.dnsName, balancer.listeners.map(({ port }) => port));
  }

  /** Adds a target group to the world. */
  openGroup(group: TargetGroup): void {
    this.#world.putTargetGroups(group);
    this.#serve(group.arn, "", []);
  }

  /** Opens a listener's port. Throws Deno.errors.AddrInUse. */
  listen(dnsName: string, { arn, port, group }: Forward): void {
    const server = listening(dnsName, port, () => this.proxy(group));
    this.#atWork.set(arn, server);
  }

  /** Closes a Classic Load Balancer or a target group and takes it out of the world, or closes a listener. */
  close(key: string): void {
    const atWork = this.#atWork.get(key);
    this.#atWork.delete(key);
    this.#world.dropPool(key);
    if (atWork !== undefined) this.#closing.add(atWork[Symbol.asyncDispose]());
  }

  /** The proxy of a pool. */
  proxy(key: string): Balancer | undefined {
    return this.#atWork.get(key)?.proxy;
  }

  /** Requests that each Classic Load Balancer has answered, by name. */
  requests(): ReadonlyMap<string, number> {
    const names = this.#world.now.balancers.keys();
    return new Map(Array.from(names, (name) => [name, this.proxy(name)?.answered ?? 0]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of [...this.#atWork.keys()]) this.close(key);
    await Promise.all(this.#closing);
  }

  /** Puts a pool to work, behind ports of its own if it has any. */
  #serve(key: string, dnsName: string, ports: readonly number[]): void {
    const proxy = new Balancer(this.#clock, this.#world, key);
    const servers = ports.map((port) => listening(dnsName, port, () => proxy));
    const checks = new HealthChecks(this.#clock, this.#world, this.#faults, key);
    this.#atWork.set(key, {
      proxy,
      [Symbol.asyncDispose]: async () => {
        checks[Symbol.dispose]();
        proxy[Symbol.dispose]();
        await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      },
    });
  }
}

/** A port that passes requests on to a proxy. */
function listening(hostname: string, port: number, proxy: () => Balancer | undefined): AsyncDisposable {
  const closed = new AbortController();
  const { finished } = Deno.serve(
    { hostname, port, signal: closed.signal, onListen: () => {} },
    (request, { remoteAddr }) =>
      proxy()?.handle(request, remoteAddr.hostname) ?? new Response("no target group\n", { status: 503 }),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await finished;
    },
  };
}
