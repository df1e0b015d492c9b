/**
 * What is in the account: instances, load balancers and target groups, as values that are replaced and never changed, so that the world as it
 * was a moment ago can still be read.
 *
 * @module
 */

/** EC2's instance states. */
export type StateName = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

/** An EC2 instance. Times are ms since the epoch. */
export interface Instance {
  readonly id: string;
  readonly reservation: string;
  /** Its private IP, for life; its public address too while it runs. */
  readonly address: string;
  readonly zone: string;
  readonly type: string;
  readonly image: string;
  readonly keyName: string | undefined;
  readonly subnet: string | undefined;
  readonly securityGroups: readonly string[];
  /** Base64. */
  readonly userData: string | undefined;
  readonly clientToken: string | undefined;
  /** Place in its reservation, from 0. */
  readonly launchIndex: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: StateName;
  /** When it was last started. */
  readonly launched: number;
  /** It has been running at least once. */
  readonly everRan: boolean;
  /** `User initiated (2026-01-01 00:00:00 GMT)`; "" since its last start. */
  readonly transitionReason: string;
  /** Why it is in its state; undefined while that is as was asked for. */
  readonly stateReason: { readonly code: string; readonly message: string } | undefined;
  /** Detailed monitoring. */
  readonly monitored: boolean;
}

/** How a registration stands: its checks have yet to begin or pass, pass, or fail; or its requests are ending. */
export type RegistrationPhase = "registering" | "in-service" | "out-of-service" | "draining";

/** A load balancer's listener. */
export interface Listener {
  readonly protocol: string;
  readonly port: number;
  readonly instanceProtocol: string;
  readonly instancePort: number;
}

/** A health check. Times are s of sandbox time. */
export interface HealthCheck {
  /** `HTTP:30000/ping`. */
  readonly target: string;
  readonly interval: number;
  readonly timeout: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

/** A load balancer's attributes. Times are s of sandbox time. */
export interface BalancerAttributes {
  readonly crossZone: boolean;
  readonly draining: boolean;
  readonly drainingTimeout: number;
  readonly idleTimeout: number;
}

/** What requests are spread over: the instances of a Classic Load Balancer, or a target group's. */
export interface Pool {
  readonly name: string;
  /** The zones that are routed to. */
  readonly zones: readonly string[];
  readonly healthCheck: HealthCheck;
  /** By instance id, in the order they were registered. */
  readonly registrations: ReadonlyMap<string, RegistrationPhase>;
  /** Ids of instances that were registered once. */
  readonly formerly: ReadonlySet<string>;
}

/** A Classic Load Balancer. */
export interface LoadBalancer extends Pool {
  /** An address of its own, that it listens at. */
  readonly dnsName: string;
  /** ms since the epoch. */
  readonly created: number;
  readonly listeners: readonly Listener[];
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly attributes: BalancerAttributes;
  readonly tags: Readonly<Record<string, string>>;
}

/** A target group; its zones are those of the load balancer that sends to it, none without one. */
export interface TargetGroup extends Pool {
  readonly arn: string;
  /** Of its targets. */
  readonly port: number;
  readonly vpc: string;
  /** Of the health check, or `traffic-port`. */
  readonly checkedPort: string;
  /** Of deregistration, s of sandbox time. */
  readonly delay: number;
}

/** What has a port of an Application Load Balancer send to a target group. */
export interface Forward {
  readonly arn: string;
  readonly port: number;
  /** The target group's ARN. */
  readonly group: string;
}

/** An Application Load Balancer. */
export interface ApplicationBalancer {
  readonly arn: string;
  readonly name: string;
  /** An address of its own, that it listens at. */
  readonly dnsName: string;
  /** ms since the epoch. */
  readonly created: number;
  readonly zones: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly listeners: readonly Forward[];
}

/** What a security group lets in: ports from `from` to `to` of a protocol (`-1`: all of them), from whom. */
export interface SecurityGroupRule {
  readonly protocol: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly cidrs: readonly string[];
  /** Ids of groups whose members may. */
  readonly groups: readonly string[];
}

/** A security group. */
export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly ingress: readonly SecurityGroupRule[];
}

/** The account at one moment. */
export interface Snapshot {
  /** By id, in the order they were launched. */
  readonly instances: ReadonlyMap<string, Instance>;
  /** By name. */
  readonly balancers: ReadonlyMap<string, LoadBalancer>;
  /** By id. */
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  /** By ARN. */
  readonly targetGroups: ReadonlyMap<string, TargetGroup>;
  /** By ARN. */
  readonly applicationBalancers: ReadonlyMap<string, ApplicationBalancer>;
}

/** The Classic Load Balancer of a name, or the target group of an ARN. */
export function poolOf(
  { balancers, targetGroups }: Snapshot,
  key: string,
): LoadBalancer | TargetGroup | undefined {
  return balancers.get(key) ?? targetGroups.get(key);
}

/** How long the past is kept, real ms: the most that reads can be made to lag behind. */
const MEMORY = 60_000;

/** How close together in time what is kept of the past is at most, real ms: not each of the changes of a large fleet. */
const GRAIN = 20;

/** The account as it is and was. */
export class World {
  #now: Snapshot = {
    instances: new Map(),
    balancers: new Map(),
    targetGroups: new Map(),
    applicationBalancers: new Map(),
    securityGroups: new Map(),
  };
  /** Each snapshot with the time that it was replaced at, ms since the epoch. */
  #past: { readonly until: number; readonly snapshot: Snapshot }[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #time: () => number;

  /** @param time ms since the epoch */
  constructor(time: () => number) {
    this.#time = time;
  }

  /** The account now. */
  get now(): Snapshot {
    return this.#now;
  }

  /** The account as it was some real ms ago (60,000 at most), within {@linkcode GRAIN}. */
  ago(ms: number): Snapshot {
    const at = this.#time() - ms;
    return this.#past.find(({ until }) => until > at)?.snapshot ?? this.#now;
  }

  /** Has the account's history begin now: there is no earlier state that a read could lag behind to. */
  begin(): void {
    this.#past = [];
  }

  /** Adds instances or replaces them by their new values. */
  putInstances(...instances: readonly Instance[]): void {
    this.#replace({
      ...this.#now,
      instances: new Map([
        ...this.#now.instances,
        ...instances.map((instance) => [instance.id, instance] as const),
      ]),
    });
  }

  /** Changes one instance, if it is there. */
  updateInstance(id: string, changes: Partial<Instance>): void {
    const instance = this.#now.instances.get(id);
    if (instance !== undefined) this.putInstances({ ...instance, ...changes });
  }

  /** Forgets an instance. */
  dropInstance(id: string): void {
    this.#replace({ ...this.#now, instances: without(this.#now.instances, id) });
  }

  /** Adds a security group or replaces it by its new value. */
  putSecurityGroup(group: SecurityGroup): void {
    this.#replace({
      ...this.#now,
      securityGroups: new Map([...this.#now.securityGroups, [group.id, group]]),
    });
  }

  /** Adds a load balancer or replaces it by its new value. */
  putBalancer(balancer: LoadBalancer): void {
    this.#replace({ ...this.#now, balancers: new Map([...this.#now.balancers, [balancer.name, balancer]]) });
  }

  /** Adds target groups or replaces them by their new values. */
  putTargetGroups(...groups: readonly TargetGroup[]): void {
    const added = groups.map((group) => [group.arn, group] as const);
    this.#replace({ ...this.#now, targetGroups: new Map([...this.#now.targetGroups, ...added]) });
  }

  /** Adds an Application Load Balancer or replaces it by its new value. */
  putApplicationBalancer(balancer: ApplicationBalancer): void {
    const applicationBalancers = new Map([...this.#now.applicationBalancers, [balancer.arn, balancer]]);
    this.#replace({ ...this.#now, applicationBalancers });
  }

  /** Moves an instance's registration on, or ends it, in the pool of a key. */
  setRegistration(key: string, id: string, phase: RegistrationPhase | undefined): void {
    const pool = poolOf(this.#now, key);
    if (pool === undefined || pool.registrations.get(id) === phase) return;
    const changed = {
      registrations: phase === undefined
        ? without(pool.registrations, id)
        : new Map([...pool.registrations, [id, phase]]),
      formerly: phase === undefined ? new Set([...pool.formerly, id]) : pool.formerly,
    };
    if ("arn" in pool) this.putTargetGroups({ ...pool, ...changed });
    else this.putBalancer({ ...pool, ...changed });
  }

  /** Forgets the pool of a key. */
  dropPool(key: string): void {
    const { balancers, targetGroups } = this.#now;
    this.#replace({
      ...this.#now,
      balancers: without(balancers, key),
      targetGroups: without(targetGroups, key),
    });
  }

  /** Forgets an Application Load Balancer. */
  dropApplicationBalancer(arn: string): void {
    const { applicationBalancers } = this.#now;
    this.#replace({ ...this.#now, applicationBalancers: without(applicationBalancers, arn) });
  }

  /** Calls back after each change. */
  watch(callback: () => void): Disposable {
    this.#watchers.add(callback);
    return { [Symbol.dispose]: () => void this.#watchers.delete(callback) };
  }

  /** Resolves once the condition holds, which is asked again after each change. Rejects with the signal's reason. */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    using _watch = this.watch(() => condition() && resolve());
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #replace(next: Snapshot): void {
    const at = this.#time();
    const last = this.#past.at(-1);
    if (last === undefined || at - last.until >= GRAIN) this.#past.push({ until: at, snapshot: this.#now });
    const kept = this.#past.findIndex(({ until }) => until > at - MEMORY);
    if (kept > 0) this.#past = this.#past.slice(kept);
    this.#now = next;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
