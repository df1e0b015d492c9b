/**
 * The simulated AWS account: its current resources, and earlier snapshots of the last minute. A change replaces a resource
 * instead of mutating the resource, so that earlier snapshots stay valid.
 *
 * @module
 */
import { SnapshotHistory } from "./history.ts";
import type { Instance } from "./instance.ts";
import type {
  CheckFailure,
  LoadBalancer,
  RegistrationPhase,
  TargetGroup,
  V2Balancer,
} from "./load_balancer.ts";
import type { SecurityGroup } from "./security_group.ts";
import { EMPTY_SNAPSHOT, findPool, type Lingering, type Snapshot } from "./snapshot.ts";

/** The resources of the account. */
export class Account {
  #current = EMPTY_SNAPSHOT;
  readonly #history = new SnapshotHistory();
  readonly #watchers = new Set<() => void>();
  readonly #time: () => number;

  /** @param time function that returns the current time in ms since the epoch */
  constructor(time: () => number) {
    this.#time = time;
  }

  /** Returns the snapshot of the account's current resources. */
  get current(): Snapshot {
    return this.#current;
  }

  /** Returns the snapshot of the account from the given number of real ms ago; at most 60,000. */
  snapshotAgo(ms: number): Snapshot {
    return this.#history.at(this.#time() - ms) ?? this.#current;
  }

  /** Discards all earlier snapshots of the account, so that lagging reads return the current resources. */
  forgetHistory(): void {
    this.#history.clear();
  }

  /** Adds or replaces instances in the account. */
  putInstances(...instances: readonly Instance[]): void {
    const added = instances.map((instance) => [instance.id, instance] as const);
    this.#replace({ ...this.#current, instances: new Map([...this.#current.instances, ...added]) });
  }

  /** Changes fields of one instance. Does nothing if the instance does not exist. */
  updateInstance(id: string, changes: Partial<Instance>): void {
    const instance = this.#current.instances.get(id);
    if (instance !== undefined) this.putInstances({ ...instance, ...changes });
  }

  /** Removes an instance from the account. */
  removeInstance(id: string): void {
    this.#replace({ ...this.#current, instances: without(this.#current.instances, id) });
  }

  /** Adds or replaces a security group of the account. */
  putSecurityGroup(group: SecurityGroup): void {
    const securityGroups = new Map([...this.#current.securityGroups, [group.id, group]]);
    this.#replace({ ...this.#current, securityGroups });
  }

  /** Removes a security group from the account. */
  removeSecurityGroup(id: string): void {
    this.#replace({ ...this.#current, securityGroups: without(this.#current.securityGroups, id) });
  }

  /** Sets what a deleted load balancer still uses. Undefined: the load balancer uses nothing any more. */
  setLingering(balancer: string, uses: Lingering | undefined): void {
    const { lingering } = this.#current;
    this.#replace({
      ...this.#current,
      lingering: uses === undefined
        ? without(lingering, balancer)
        : new Map([...lingering, [balancer, uses]]),
    });
  }

  /** Adds or replaces a Classic Load Balancer of the account. */
  putBalancer(balancer: LoadBalancer): void {
    const balancers = new Map([...this.#current.balancers, [balancer.name, balancer]]);
    this.#replace({ ...this.#current, balancers });
  }

  /** Adds or replaces target groups of the account. */
  putTargetGroups(...groups: readonly TargetGroup[]): void {
    const added = groups.map((group) => [group.arn, group] as const);
    this.#replace({ ...this.#current, targetGroups: new Map([...this.#current.targetGroups, ...added]) });
  }

  /** Adds or replaces an Application or Network Load Balancer of the account. */
  putV2Balancer(balancer: V2Balancer): void {
    const v2Balancers = new Map([...this.#current.v2Balancers, [balancer.arn, balancer]]);
    this.#replace({ ...this.#current, v2Balancers });
  }

  /**
   * Sets the phase of a registration with a load balancer or target group. Undefined removes the registration.
   *
   * @param key the name of the Classic Load Balancer or the ARN of the target group
   * @param failure why the latest health check failed; only target groups keep it
   */
  setRegistration(
    key: string,
    registration: string,
    phase: RegistrationPhase | undefined,
    failure?: CheckFailure,
  ): void {
    const pool = findPool(this.#current, key);
    if (pool === undefined) return;
    const sameFailure = !("arn" in pool) ||
      pool.failures.get(registration)?.description === failure?.description;
    if (pool.registrations.get(registration) === phase && sameFailure) return;
    const changed = phase === undefined
      ? {
        registrations: without(pool.registrations, registration),
        previouslyRegistered: new Set([...pool.previouslyRegistered, registration]),
      }
      : { registrations: new Map([...pool.registrations, [registration, phase]]) };
    if ("arn" in pool) {
      const failures = failure === undefined
        ? without(pool.failures, registration)
        : new Map([...pool.failures, [registration, failure]]);
      this.putTargetGroups({ ...pool, ...changed, failures });
    } else this.putBalancer({ ...pool, ...changed });
  }

  /** Removes a Classic Load Balancer by its name, or a target group by its ARN. */
  removePool(key: string): void {
    const { balancers, targetGroups } = this.#current;
    this.#replace({
      ...this.#current,
      balancers: without(balancers, key),
      targetGroups: without(targetGroups, key),
    });
  }

  /** Removes an Application or Network Load Balancer from the account. */
  removeV2Balancer(arn: string): void {
    this.#replace({ ...this.#current, v2Balancers: without(this.#current.v2Balancers, arn) });
  }

  /** Calls the callback after each change of the account, until disposal. */
  watch(callback: () => void): Disposable {
    this.#watchers.add(callback);
    return { [Symbol.dispose]: () => void this.#watchers.delete(callback) };
  }

  /** Resolves when `condition` returns true. Tests `condition` after each change of the account. Rejects when `signal` aborts. */
  async waitUntil(condition: () => boolean, signal?: AbortSignal): Promise<void> {
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
    this.#history.add(this.#current, this.#time());
    this.#current = next;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
