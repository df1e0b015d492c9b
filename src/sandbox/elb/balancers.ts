/**
 * The load balancers that exist, at work: each listens at an address of its own, as its DNS name says.
 *
 * @module
 */
import { Balancer } from "./balancer.ts";
import type { Faults } from "../faults.ts";
import { HealthChecks } from "./health_checks.ts";
import type { Clock } from "../service.ts";
import type { LoadBalancer, World } from "../world.ts";

interface AtWork extends AsyncDisposable {
  readonly proxy: Balancer;
}

/** Keeps a proxy running for each load balancer of the world. */
export class Balancers implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #atWork = new Map<string, AtWork>();
  readonly #closing = new Set<PromiseLike<void>>();

  constructor(clock: Clock, world: World, faults: Faults) {
    this.#clock = clock;
    this.#world = world;
    this.#faults = faults;
  }

  /** Adds a load balancer to the world and opens its ports. Throws Deno.errors.AddrInUse. */
  open(balancer: LoadBalancer): void {
    this.#world.putBalancer(balancer);
    const proxy = new Balancer(this.#clock, this.#world, balancer.name);
    const closed = new AbortController();
    const servers = balancer.listeners.map(({ port }) =>
      Deno.serve(
        { hostname: balancer.dnsName, port, signal: closed.signal, onListen: () => {} },
        (request, { remoteAddr }) => proxy.handle(request, remoteAddr.hostname),
      )
    );
    const checks = new HealthChecks(this.#clock, this.#world, this.#faults, balancer.name);
    this.#atWork.set(balancer.name, {
      proxy,
      [Symbol.asyncDispose]: async () => {
        checks[Symbol.dispose]();
        proxy[Symbol.dispose]();
        closed.abort();
        await Promise.all(servers.map(({ finished }) => finished));
      },
    });
  }

  /** Closes a load balancer and takes it out of the world. */
  close(name: string): void {
    const atWork = this.#atWork.get(name);
    this.#atWork.delete(name);
    this.#world.dropBalancer(name);
    if (atWork !== undefined) this.#closing.add(atWork[Symbol.asyncDispose]());
  }

  /** The proxy of a load balancer. */
  proxy(name: string): Balancer | undefined {
    return this.#atWork.get(name)?.proxy;
  }

  /** Requests that each has answered, by name. */
  requests(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#atWork, ([name, { proxy }]) => [name, proxy.answered]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#atWork.keys()]) this.close(name);
    await Promise.all(this.#closing);
  }
}
