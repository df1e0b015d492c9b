/**
 * Runs the load balancers. Each load balancer listens on its own IP address, which is also its DNS name. Each Classic Load
 * Balancer or target group has a proxy and health checks.
 *
 * @module
 */
import { listen } from "./traffic/listen.ts";
import { BalancerProxy } from "./traffic/http_proxy.ts";
import type { Faults } from "../faults/faults.ts";
import { HealthChecks } from "./health_checks.ts";
import { admitsClients } from "./traffic/reach.ts";
import { forNetworkBalancer } from "./traffic/traffic.ts";
import { TcpProxy } from "./traffic/tcp_proxy.ts";
import { balancerOfGroup, type Lingering } from "../account/snapshot.ts";
import type { Clock } from "../clock.ts";
import type { Dimension, Metric, RequestCount } from "../cloudwatch/metered.ts";
import type { Account } from "../account/account.ts";
import type { ForwardingListener, LoadBalancer, TargetGroup, V2Balancer } from "../account/load_balancer.ts";

/** What runs for a Classic Load Balancer, a target group or a listener. A listener has no proxy of its own. */
interface Running extends AsyncDisposable {
  readonly proxy?: BalancerProxy | TcpProxy;
}

/** Runs a proxy for each Classic Load Balancer and target group, and opens the ports of the listeners. */
export class Balancers implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #faults: Faults;
  readonly #fetch: typeof fetch;
  /** Running load balancers by the key of their instances: name, target group ARN or listener ARN. */
  readonly #running = new Map<string, Running>();
  readonly #timers = new Set<Disposable>();
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

  /** Adds a load balancer of ELB v2 to the account. The load balancer becomes active when it has been provisioned. */
  addV2Balancer(balancer: V2Balancer): void {
    this.#account.putV2Balancer({ ...balancer, active: false });
    this.#after(this.#faults.provisioning, () => {
      const created = this.#account.current.v2Balancers.get(balancer.arn);
      if (created === undefined) return;
      this.#account.putV2Balancer({ ...created, active: true });
      for (const listener of created.listeners) this.#open(created, listener);
      this.updateZones(created.listeners.map(({ group }) => group));
    });
  }

  /**
   * Adds a listener to a load balancer of ELB v2. Opens its port when the load balancer is active. Throws Deno.errors.AddrInUse or
   * PermissionDenied if this process cannot open the port.
   */
  addListener(balancer: V2Balancer, listener: ForwardingListener): void {
    if (balancer.active) this.#open(balancer, listener);
    else Deno.listen({ hostname: balancer.dnsName, port: listener.port }).close();
    this.#account.putV2Balancer({ ...balancer, listeners: [...balancer.listeners, listener] });
    this.updateZones([listener.group]);
  }

  /** Removes listeners of a load balancer of ELB v2, and closes their ports. */
  removeListeners(balancer: V2Balancer, removed: readonly ForwardingListener[]): void {
    const listeners = balancer.listeners.filter((listener) => !removed.includes(listener));
    this.#account.putV2Balancer({ ...balancer, listeners });
    for (const { arn } of removed) this.#stop(arn);
    this.updateZones(removed.map(({ group }) => group));
  }

  /** Removes a load balancer of ELB v2 and its listeners. */
  removeV2Balancer(balancer: V2Balancer): void {
    this.removeListeners(balancer, balancer.listeners);
    this.#account.removeV2Balancer(balancer.arn);
    const targetGroups = balancer.listeners.map(({ group }) => group);
    this.#linger(balancer.arn, { securityGroups: balancer.securityGroups, targetGroups });
  }

  /** Sets the zones of target groups to the zones of their load balancers. Without an active load balancer, a group has no zones. */
  updateZones(groups: readonly string[]): void {
    for (const arn of groups) {
      const group = this.#account.current.targetGroups.get(arn);
      const balancer = balancerOfGroup(this.#account.current, arn);
      const zones = balancer?.active ? balancer.zones : NO_ZONES;
      if (group !== undefined && group.zones !== zones) this.#account.putTargetGroups({ ...group, zones });
    }
  }

  /** Removes and stops a Classic Load Balancer or target group. */
  remove(key: string): void {
    const classic = this.#account.current.balancers.get(key);
    this.#stop(key);
    this.#account.removePool(key);
    if (classic !== undefined) {
      this.#linger(key, { securityGroups: classic.securityGroups, targetGroups: [] });
    }
  }

  /** Returns the proxy of a Classic Load Balancer, or of a target group for HTTP. */
  proxy(key: string): BalancerProxy | undefined {
    const proxy = this.#running.get(key)?.proxy;
    return proxy instanceof BalancerProxy ? proxy : undefined;
  }

  /** Returns the proxy of a Classic Load Balancer, or of a target group for any protocol. */
  traffic(key: string): BalancerProxy | TcpProxy | undefined {
    return this.#running.get(key)?.proxy;
  }

  /** Returns request counts by the name of a Classic Load Balancer or the ARN of a target group. */
  requests(): ReadonlyMap<string, RequestCount> {
    const { balancers, targetGroups } = this.#account.current;
    const counted = (key: string, metrics: readonly Metric[]) =>
      [key, { total: this.traffic(key)?.answered ?? 0, metrics }] as const;
    return new Map([
      ...Array.from(balancers.keys(), (name) => counted(name, [classicRequestCount(name)])),
      ...Array.from(
        targetGroups.keys(),
        (arn) => counted(arn, targetGroupRequestCounts(arn, balancerOfGroup(this.#account.current, arn))),
      ),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const key of [...this.#running.keys()]) this.#stop(key);
    await Promise.all(this.#closing);
  }

  /** Starts the proxy and health checks of a load balancer or target group, and opens its ports. */
  #start(key: string, dnsName: string, ports: readonly number[]): void {
    const group = this.#account.current.targetGroups.get(key);
    const proxy = group !== undefined && forNetworkBalancer(group)
      ? new TcpProxy(this.#clock, this.#account, this.#faults, key)
      : new BalancerProxy(this.#clock, this.#account, this.#faults, key, this.#fetch);
    const servers = ports.map((port) =>
      listen({
        hostname: dnsName,
        port,
        protocol: "HTTP",
        admits: () => this.#admits(this.#account.current.balancers.get(key), port),
        proxy: () => proxy,
      })
    );
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

  /** Opens the port of a listener of ELB v2. */
  #open({ arn, dnsName }: V2Balancer, { arn: listener, protocol, port, group }: ForwardingListener): void {
    this.#running.set(
      listener,
      listen({
        hostname: dnsName,
        port,
        protocol,
        admits: () => this.#admits(this.#account.current.v2Balancers.get(arn), port),
        proxy: () => this.#running.get(group)?.proxy,
      }),
    );
  }

  /** Returns whether the security groups of a load balancer admit clients on a port. */
  #admits(balancer: Pick<LoadBalancer, "securityGroups"> | undefined, port: number): boolean {
    return !this.#faults.securityGroups ||
      admitsClients(this.#account.current, balancer?.securityGroups ?? [], port);
  }

  #stop(key: string): void {
    const running = this.#running.get(key);
    this.#running.delete(key);
    if (running !== undefined) this.#closing.add(running[Symbol.asyncDispose]());
  }

  /** Lets a deleted load balancer use its security groups and target groups for some more time. */
  #linger(key: string, uses: Lingering): void {
    if (this.#faults.deletionLag === 0) return;
    this.#account.setLingering(key, uses);
    this.#after(this.#faults.deletionLag, () => this.#account.setLingering(key, undefined));
  }

  #after(ms: number, callback: () => void): void {
    if (ms === 0) return callback();
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }
}

const NO_ZONES: readonly string[] = [];

/**
 * Returns the metric RequestCount of a Classic Load Balancer. Source: CLB guide, "CloudWatch metrics for your Classic Load
 * Balancer".
 */
function classicRequestCount(name: string): Metric {
  return requestCount("AWS/ELB", { Name: "LoadBalancerName", Value: name });
}

/**
 * Returns the metrics of requests to a target group: RequestCount of an Application Load Balancer and of one of its target groups, or
 * NewFlowCount of a Network Load Balancer. Source: ALB guide and NLB guide, "CloudWatch metrics".
 */
function targetGroupRequestCounts(group: string, balancer: V2Balancer | undefined): readonly Metric[] {
  if (balancer === undefined) return [];
  const loadBalancer = { Name: "LoadBalancer", Value: balancer.arn.replace(/^.*:loadbalancer\//, "") };
  if (balancer.type === "network") {
    return [{ Namespace: "AWS/NetworkELB", MetricName: "NewFlowCount", Dimensions: [loadBalancer] }];
  }
  const targetGroup = { Name: "TargetGroup", Value: group.replace(/^.*:/, "") };
  return [
    requestCount("AWS/ApplicationELB", loadBalancer),
    requestCount("AWS/ApplicationELB", loadBalancer, targetGroup),
  ];
}

function requestCount(Namespace: string, ...Dimensions: readonly Dimension[]): Metric {
  return { Namespace, MetricName: "RequestCount", Dimensions };
}
