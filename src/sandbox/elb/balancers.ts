/**
 * Runs the load balancers. Each load balancer listens on its own IP address, which is also its DNS name. Each Classic Load
 * Balancer or target group has a proxy and health checks.
 *
 * @module
 */
import { BalancerProxy } from "./proxy.ts";
import type { Faults } from "../faults/faults.ts";
import { HealthChecks } from "./health_checks.ts";
import { balancerOfGroup } from "../account/snapshot.ts";
import type { Clock } from "../clock.ts";
import type { Dimension, Metric, RequestCount } from "../cloudwatch/metered.ts";
import type { Account } from "../account/account.ts";
import type {
  ApplicationBalancer,
  ForwardingListener,
  LoadBalancer,
  TargetGroup,
} from "../account/load_balancer.ts";

interface RunningBalancer extends AsyncDisposable {
  readonly proxy?: BalancerProxy;
}

/** Runs a proxy for each Classic Load Balancer and target group, and opens the ports of the listeners. */
export class Balancers implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #faults: Faults;
  readonly #fetch: typeof fetch;
  /** Running load balancers by the key of their instances: name, target group ARN or listener ARN. */
  readonly #running = new Map<string, RunningBalancer>();
  readonly #closing = new Set<PromiseLike<void>>();

  /** @param network sends requests to the instances. Default: the real network of this host */
  constructor(clock: Clock, account: Account, faults: Faults, network: typeof fetch = fetch) {
    this.#clock = clock;
    this.#account = account;
    this.#faults = faults;
    this.#fetch = network;
  }

  /** Adds a Classic Load Balancer to the account and opens its ports. Throws Deno.errors.AddrInUse if a port is in use. */
  addBalancer(balancer: LoadBalancer): void {
    this.#account.putBalancer(balancer);
    this.#start(balancer.name, balancer.dnsName, balancer.listeners.map(({ port }) => port));
  }

  /** Adds a target group to the account. */
  addTargetGroup(group: TargetGroup): void {
    this.#account.putTargetGroups(group);
    this.#start(group.arn, "", []);
  }

  /** Opens the port of a listener. Throws Deno.errors.AddrInUse if the port is in use. */
  openListener(dnsName: string, { arn, port, group }: ForwardingListener): void {
    const server = listen(dnsName, port, () => this.proxy(group));
    this.#running.set(arn, server);
  }

  /** Removes and stops a Classic Load Balancer or target group, or closes a listener. */
  remove(key: string): void {
    const running = this.#running.get(key);
    this.#running.delete(key);
    this.#account.removePool(key);
    if (running !== undefined) this.#closing.add(running[Symbol.asyncDispose]());
  }

  /** Returns the proxy of a Classic Load Balancer or target group. */
  proxy(key: string): BalancerProxy | undefined {
    return this.#running.get(key)?.proxy;
  }

  /** Returns request counts by the name of a Classic Load Balancer or the ARN of a target group. */
  requests(): ReadonlyMap<string, RequestCount> {
    const { balancers, targetGroups } = this.#account.current;
    const counted = (key: string, metrics: readonly Metric[]) =>
      [key, { total: this.proxy(key)?.answered ?? 0, metrics }] as const;
    return new Map([
      ...Array.from(balancers.keys(), (name) => counted(name, [classicRequestCount(name)])),
      ...Array.from(
        targetGroups.keys(),
        (arn) => counted(arn, targetGroupRequestCounts(arn, balancerOfGroup(this.#account.current, arn))),
      ),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of [...this.#running.keys()]) this.remove(key);
    await Promise.all(this.#closing);
  }

  /** Starts the proxy and health checks of a load balancer or target group, and opens its ports. */
  #start(key: string, dnsName: string, ports: readonly number[]): void {
    const proxy = new BalancerProxy(this.#clock, this.#account, this.#faults, key, this.#fetch);
    const servers = ports.map((port) => listen(dnsName, port, () => proxy));
    const checks = new HealthChecks(this.#clock, this.#account, this.#faults, key, this.#fetch);
    this.#running.set(key, {
      proxy,
      [Symbol.asyncDispose]: async () => {
        checks[Symbol.dispose]();
        proxy[Symbol.dispose]();
        await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      },
    });
  }
}

/**
 * Returns the metric RequestCount of a Classic Load Balancer. Source: CLB guide, "CloudWatch metrics for your Classic Load
 * Balancer".
 */
function classicRequestCount(name: string): Metric {
  return requestCount("AWS/ELB", { Name: "LoadBalancerName", Value: name });
}

/**
 * Returns the metrics RequestCount of an Application Load Balancer and of one of its target groups. Source: ALB guide,
 * "CloudWatch metrics".
 */
function targetGroupRequestCounts(
  group: string,
  balancer: ApplicationBalancer | undefined,
): readonly Metric[] {
  if (balancer === undefined) return [];
  const loadBalancer = { Name: "LoadBalancer", Value: balancer.arn.replace(/^.*:loadbalancer\//, "") };
  const targetGroup = { Name: "TargetGroup", Value: group.replace(/^.*:/, "") };
  return [
    requestCount("AWS/ApplicationELB", loadBalancer),
    requestCount("AWS/ApplicationELB", loadBalancer, targetGroup),
  ];
}

function requestCount(Namespace: string, ...Dimensions: readonly Dimension[]): Metric {
  return { Namespace, MetricName: "RequestCount", Dimensions };
}

/** Opens a port and forwards its requests to a proxy. */
function listen(hostname: string, port: number, proxy: () => BalancerProxy | undefined): AsyncDisposable {
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
