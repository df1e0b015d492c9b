/**
 * The traffic of one Classic Load Balancer or target group: which registration receives the next request or connection, what is in
 * progress, and the draining of deregistered instances.
 *
 * @module
 */
import type { Faults } from "../../faults/faults.ts";
import type { Clock } from "../../clock.ts";
import type { Account } from "../../account/account.ts";
import { findPool } from "../../account/snapshot.ts";
import type { LoadBalancer, Pool, RegistrationPhase, TargetGroup } from "../../account/load_balancer.ts";

/** A request or connection that is in progress. */
export interface InProgress {
  /** Aborts when the load balancer ends the request or connection. */
  readonly signal: AbortSignal;
  /** Reports that the request or connection has ended. */
  readonly done: () => void;
}

/** The traffic of one Classic Load Balancer or target group. */
export class Traffic implements Disposable {
  protected readonly clock: Clock;
  protected readonly account: Account;
  protected readonly faults: Faults;
  /** Name of the Classic Load Balancer or ARN of the target group. */
  protected readonly key: string;
  /** The controllers that abort the requests and connections in progress, by the key of the registration. */
  readonly #inProgress = new Map<string, Set<AbortController>>();
  /** Sequence number of the latest request to each registration. */
  readonly #latest = new Map<string, number>();
  readonly #drains = new Map<string, Disposable>();
  /** Timers for the delayed removal of registrations whose draining has ended. A fault causes the delay. */
  readonly #removals = new Map<string, Disposable>();
  /** Until when a draining target still receives new connections, in ms since the epoch. */
  readonly #late = new Map<string, number>();
  #number = 0;
  #answered = 0;

  constructor(clock: Clock, account: Account, faults: Faults, key: string) {
    this.clock = clock;
    this.account = account;
    this.faults = faults;
    this.key = key;
  }

  /** The number of requests that instances answered, or of connections that they accepted. */
  get answered(): number {
    return this.#answered;
  }

  /** Returns the number of requests or connections in progress on a registration. */
  inProgress(registration: string): number {
    return this.#inProgress.get(registration)?.size ?? 0;
  }

  /**
   * Stops sending new requests to a registration. The registration ends after the draining timeout. With a Classic Load Balancer, the
   * registration ends earlier if the instance has no more requests in progress.
   */
  drain(registration: string): void {
    const pool = findPool(this.account.current, this.key);
    if (pool === undefined) return;
    this.account.setRegistration(this.key, registration, "draining");
    const { drainingTimeout, endsWhenIdle, acceptsLate } = drainingSettings(pool);
    if (acceptsLate) this.#late.set(registration, this.clock.now() + this.faults.nlbLag / this.clock.speed);
    if (drainingTimeout === 0 || (endsWhenIdle && this.inProgress(registration) === 0)) {
      return this.#endDraining(registration);
    }
    this.#drains.get(registration)?.[Symbol.dispose]();
    const end = () => this.#endDraining(registration);
    this.#drains.set(registration, this.clock.after(drainingTimeout * 1_000, end));
  }

  /** Cancels the draining of an instance that a client registered again. */
  cancelDraining(registration: string): void {
    this.#late.delete(registration);
    for (const timers of [this.#drains, this.#removals]) {
      timers.get(registration)?.[Symbol.dispose]();
      timers.delete(registration);
    }
  }

  [Symbol.dispose](): void {
    for (const timer of [...this.#drains.values(), ...this.#removals.values()]) timer[Symbol.dispose]();
    for (const registration of this.#inProgress.keys()) this.abort(registration);
  }

  /**
   * Selects the registration that receives a request or connection. If a target group has no healthy target, its unhealthy targets
   * receive traffic; with a Network Load Balancer, its new targets too. Source: ALB guide and NLB guide, target-group-health.
   */
  protected select(pool: LoadBalancer | TargetGroup): string | undefined {
    const phases: readonly RegistrationPhase[] = !("arn" in pool)
      ? ["in-service"]
      : forNetworkBalancer(pool)
      ? ["in-service", "out-of-service", "checking"]
      : ["in-service", "out-of-service"];
    for (const phase of phases) {
      const selected = this.#leastLoaded(pool, phase);
      if (selected === undefined) continue;
      this.#latest.set(selected, ++this.#number);
      return selected;
    }
    return undefined;
  }

  /** Counts a request or connection as in progress until the caller calls `done` or the load balancer aborts it. */
  protected begin(registration: string): InProgress {
    const work = new AbortController();
    const all = this.#inProgress.get(registration) ?? new Set();
    this.#inProgress.set(registration, all.add(work));
    const done = () => {
      if (all.delete(work) && all.size === 0 && this.#drains.has(registration)) this.#onIdle(registration);
    };
    return { signal: work.signal, done };
  }

  /** Counts an answered request or an accepted connection. */
  protected countAnswer(): void {
    this.#answered++;
  }

  /** Aborts everything that is in progress on a registration. */
  protected abort(registration: string): void {
    for (const work of this.#inProgress.get(registration) ?? []) work.abort();
  }

  /** Returns the registration in a phase with the least in progress. Of equal registrations, returns the least recently used. */
  #leastLoaded({ registrations }: Pool, inPhase: RegistrationPhase): string | undefined {
    let best: { id: string; load: number; latest: number } | undefined;
    for (const [id, phase] of registrations) {
      const late = inPhase === "in-service" && phase === "draining" && this.#isLate(id);
      if (phase !== inPhase && !late) continue;
      const load = this.inProgress(id);
      const latest = this.#latest.get(id) ?? 0;
      if (best === undefined || load < best.load || (load === best.load && latest < best.latest)) {
        best = { id, load, latest };
      }
    }
    return best?.id;
  }

  #isLate(registration: string): boolean {
    return this.clock.now() < (this.#late.get(registration) ?? 0);
  }

  #onIdle(registration: string): void {
    const pool = findPool(this.account.current, this.key);
    if (pool !== undefined && drainingSettings(pool).endsWhenIdle) this.#endDraining(registration);
  }

  #endDraining(registration: string): void {
    this.cancelDraining(registration);
    const pool = findPool(this.account.current, this.key);
    if (pool === undefined || drainingSettings(pool).abortsAtEnd) this.abort(registration);
    const remove = () => {
      this.#removals.delete(registration);
      this.account.setRegistration(this.key, registration, undefined);
    };
    const { drainLag } = this.faults;
    if (drainLag === 0) remove();
    else this.#removals.set(registration, this.clock.after(drainLag, remove));
  }
}

/** How a Classic Load Balancer or a target group drains. */
interface DrainingSettings {
  /** How long a deregistered instance may take to finish its requests, in seconds. */
  readonly drainingTimeout: number;
  /** Whether draining ends as soon as the instance has nothing in progress. */
  readonly endsWhenIdle: boolean;
  /** Whether the end of draining ends what is still in progress. */
  readonly abortsAtEnd: boolean;
  /** Whether a draining target still receives new connections for some time. */
  readonly acceptsLate: boolean;
}

function drainingSettings(pool: LoadBalancer | TargetGroup): DrainingSettings {
  if (!("arn" in pool)) {
    const { draining, drainingTimeout } = pool.attributes;
    return {
      drainingTimeout: draining ? drainingTimeout : 0,
      endsWhenIdle: true,
      abortsAtEnd: true,
      acceptsLate: false,
    };
  }
  const { attributes } = pool;
  const forNetwork = forNetworkBalancer(pool);
  return {
    drainingTimeout: Number(attributes["deregistration_delay.timeout_seconds"]),
    endsWhenIdle: false,
    // Source: NLB guide, "Deregistration delay".
    abortsAtEnd: !forNetwork || attributes["deregistration_delay.connection_termination.enabled"] === "true",
    acceptsLate: forNetwork,
  };
}

/** Returns whether a target group is for a Network Load Balancer. */
export function forNetworkBalancer({ protocol }: Pick<TargetGroup, "protocol">): boolean {
  return protocol === "TCP" || protocol === "TLS";
}
