/**
 * The load balancers that exist, at work: each listens at an address of its own, as its DNS name says, and each pool of instances
 * has a proxy and health checks.
 *
 * @module
 */
import { Balancer } from "./balancer.ts";
import type { Faults } from "../faults.ts";
import { HealthChecks } from "./health_checks.ts";
import { userOf } from "./found.ts";
import type { Clock, Dimension, Metric, Requests } from "../wire/service.ts";
import type { ApplicationBalancer, Forward, LoadBalancer, TargetGroup, World } from "../world.ts";

interface AtWork extends AsyncDisposable {
  readonly proxy?: Balancer;
}

/** Keeps a proxy running for each Classic Load Balancer and target group of the world, and the ports open that lead to them. */
export class Balancers implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #fetch: typeof fetch;
  /** By a pool's key, or by a listener's ARN. */
  readonly #atWork = new Map<string, AtWork>();
  readonly #closing = new Set<PromiseLike<void>>();

  /** @param network the way to the instances; the machine's own by default */
  constructor(clock: Clock, world: World, faults: Faults, network: typeof fetch = fetch) {
    this.#clock = clock;
    this.#world = world;
    this.#faults = faults;
    this.#fetch = network;
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

  /** What the pools have answered. */
  requests(): ReadonlyMap<string, Requests> {
    const { balancers, targetGroups } = this.#world.now;
    const counted = (key: string, metrics: readonly Metric[]) =>
      [key, { total: this.proxy(key)?.answered ?? 0, metrics }] as const;
    return new Map([
      ...Array.from(balancers.keys(), (name) => counted(name, [classicCount(name)])),
      ...Array.from(
        targetGroups.keys(),
        (arn) => counted(arn, groupCounts(arn, userOf(this.#world.now, arn))),
      ),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of [...this.#atWork.keys()]) this.close(key);
    await Promise.all(this.#closing);
  }

  /** Puts a pool to work, behind ports of its own if it has any. */
  #serve(key: string, dnsName: string, ports: readonly number[]): void {
    const proxy = new Balancer(this.#clock, this.#world, key, this.#fetch);
    const servers = ports.map((port) => listening(dnsName, port, () => proxy));
    const checks = new HealthChecks(this.#clock, this.#world, this.#faults, key, this.#fetch);
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

/** Source: CLB guide, "CloudWatch metrics for your Classic Load Balancer". */
function classicCount(name: string): Metric {
  return requestCount("AWS/ELB", { Name: "LoadBalancerName", Value: name });
}

/** Of a load balancer as a whole and of the group by itself. Source: ALB guide, "CloudWatch metrics", RequestCount. */
function groupCounts(group: string, user: ApplicationBalancer | undefined): readonly Metric[] {
  if (user === undefined) return [];
  const loadBalancer = { Name: "LoadBalancer", Value: user.arn.replace(/^.*:loadbalancer\//, "") };
  const targetGroup = { Name: "TargetGroup", Value: group.replace(/^.*:/, "") };
  return [
    requestCount("AWS/ApplicationELB", loadBalancer),
    requestCount("AWS/ApplicationELB", loadBalancer, targetGroup),
  ];
}

function requestCount(Namespace: string, ...Dimensions: readonly Dimension[]): Metric {
  return { Namespace, MetricName: "RequestCount", Dimensions };
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
