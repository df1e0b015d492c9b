/**
 * What is in the account: instances and load balancers, as values that are replaced and never changed, so that the world as it
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

/** A Classic Load Balancer. */
export interface LoadBalancer {
  readonly name: string;
  /** An address of its own, that it listens at. */
  readonly dnsName: string;
  /** ms since the epoch. */
  readonly created: number;
  readonly listeners: readonly Listener[];
  readonly zones: readonly string[];
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly scheme: string;
  readonly healthCheck: HealthCheck;
  readonly attributes: BalancerAttributes;
  readonly tags: Readonly<Record<string, string>>;
  /** By instance id, in the order they were registered. */
  readonly registrations: ReadonlyMap<string, RegistrationPhase>;
  /** Ids of instances that were registered once. */
  readonly formerly: ReadonlySet<string>;
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
}

/** How long the past is kept, real ms: the most that reads can be made to lag behind. */
const MEMORY = 60_000;

/** The account as it is and was. */
export class World {
  #now: Snapshot = { instances: new Map(), balancers: new Map(), securityGroups: new Map() };
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

  /** The account as it was some real ms ago (60,000 at most). */
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

  /** Moves an instance's registration on, or ends it. */
  setRegistration(name: string, id: string, phase: RegistrationPhase | undefined): void {
    const balancer = this.#now.balancers.get(name);
    if (balancer === undefined || balancer.registrations.get(id) === phase) return;
    this.putBalancer({
      ...balancer,
      registrations: phase === undefined
        ? without(balancer.registrations, id)
        : new Map([...balancer.registrations, [id, phase]]),
      formerly: phase === undefined ? new Set([...balancer.formerly, id]) : balancer.formerly,
    });
  }

  /** Forgets a load balancer. */
  dropBalancer(name: string): void {
    this.#replace({ ...this.#now, balancers: without(this.#now.balancers, name) });
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
    this.#past.push({ until: at, snapshot: this.#now });
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
