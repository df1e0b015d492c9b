/**
 * The registrar of a fleet without a load balancer. EC2 and the health check decide whether an instance is in service. The service on
 * the instance drains if `--drain-request` says where to ask it.
 *
 * @module
 */
import type { Health } from "../../aws/balancing/health.ts";
import { checkedHealth, isMember, reportedHealth } from "../../aws/balancing/unbalanced.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Ec2Instance, findInstance } from "../../aws/ec2/instances.ts";
import type { Precondition } from "../../aws/middleware.ts";
import { type DrainAnswer, type DrainMethod, type DrainTarget, requestDrain } from "../../health/drain.ts";
import type { Runtime } from "../../runtime.ts";
import type { AddressOf } from "../assembly_options.ts";
import type { Drain } from "../store/instances/drains.ts";
import type { Journal } from "../store/journal.ts";
import { type Checked, Monitor } from "./monitor.ts";
import type { Deregistration, DrainEnd, Registrar } from "./registrar.ts";

/** The parts of a {@linkcode ServiceRegistrar}. */
export interface ServiceRegistrarParts {
  readonly aws: Aws;
  readonly fleet: string;
  readonly journal: Journal;
  readonly address: AddressOf;
  readonly runtime: Runtime;
  /** The pause between two health checks of an instance, in ms. */
  readonly interval: () => number;
  /** Makes one health check of an instance. If absent, only EC2 decides whether an instance is in service. */
  readonly check?: ((instance: Ec2Instance, signal: AbortSignal) => Promise<Checked>) | undefined;
  /** Where a service takes requests to drain. If absent, kas stops instances without asking. */
  readonly drain?: DrainTarget | undefined;
}

/** A service that this process has asked to drain. */
interface Asked {
  /** When EC2 last started the instance, in ms since the epoch. */
  readonly launched: number | undefined;
  readonly state: "requested" | "accepted";
}

/** Whether a service takes no more work. */
function isAgreed(drain: Drain | undefined): boolean {
  return drain?.state === "accepted" || drain?.state === "drained";
}

/** The registrar of a fleet without a load balancer. */
export class ServiceRegistrar implements Registrar {
  readonly lag = 0;
  readonly unlisted = "it does not run";
  readonly isServiceDraining = true;
  readonly #parts: ServiceRegistrarParts;
  readonly #monitor: Monitor | undefined;
  readonly #began: number;
  /** When EC2 last started each instance that has passed EC2's status checks since. */
  readonly #passed = new Map<string, number | undefined>();
  /** The instances whose services this process has asked to drain. */
  readonly #asked = new Map<string, Asked>();

  constructor(parts: ServiceRegistrarParts) {
    this.#parts = parts;
    const { check, interval, runtime: { clock } } = parts;
    this.#began = clock.now();
    this.#monitor = check && new Monitor({ clock, check, interval, before: (it) => this.#before(it) });
  }

  async healths(
    list: () => Promise<readonly Ec2Instance[]>,
    signal: AbortSignal,
  ): Promise<readonly Health[]> {
    const instances = (await list()).filter(isMember);
    this.#monitor?.watch(instances);
    const healths = await Promise.all(instances.map((instance) => this.#health(instance, signal, false)));
    return healths.filter((health) => health !== undefined);
  }

  async healthOf(id: string, signal: AbortSignal): Promise<Health | undefined> {
    const instance = await this.#find(id, signal);
    if (instance === undefined || !isMember(instance)) return undefined;
    if (this.#drainOf(instance)?.state !== "accepted") return await this.#health(instance, signal, true);
    if (this.#parts.drain === undefined) return undefined;
    const { outcome, description } = await this.#request(instance, "GET");
    if (outcome === "yes" || outcome === "refused") return undefined;
    return reportedHealth(instance, "draining", description);
  }

  /** Does nothing: an instance that runs and is healthy is in service. */
  register(): Promise<void> {
    return Promise.resolve();
  }

  async deregister(id: string, precondition: Precondition): Promise<Deregistration> {
    await precondition();
    const { signal } = new AbortController();
    const instance = await this.#find(id, signal);
    if (instance === undefined || !isMember(instance) || this.#parts.drain === undefined) {
      return { done: true };
    }
    const before = this.#drainOf(instance);
    if (isAgreed(before)) return { done: true };
    this.#asked.set(id, { launched: instance.launched, state: "requested" });
    const { outcome, description } = await this.#request(instance, "POST");
    // If no service listens, it may have accepted a request of an earlier process of kas, and then ended.
    const mayHaveEnded = before?.state === "requested" && before.since < this.#began;
    if (outcome !== "yes" && !(outcome === "refused" && mayHaveEnded)) {
      return { done: false, why: description, isFinal: outcome === "refused" };
    }
    this.#asked.set(id, { launched: instance.launched, state: "accepted" });
    return { done: true, ...(outcome === "yes" ? { isWorking: true } : {}) };
  }

  /** Returns none: an instance has no registrations that could be missing. */
  complete(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  isDraining(instance: Ec2Instance): boolean {
    const drain = this.#drainOf(instance);
    return isAgreed(drain) ||
      (drain !== undefined && (drain.since < this.#began || this.#askedOf(instance) !== undefined));
  }

  async endDraining(instance: Ec2Instance): Promise<DrainEnd> {
    if (this.#parts.drain === undefined) return { outcome: "serves", description: "" };
    // A service that has not accepted to drain may refuse the request, and takes work nevertheless.
    const drains = isAgreed(this.#drainOf(instance));
    const { outcome, description } = await this.#request(instance, "DELETE");
    if (outcome === "silent") return { outcome, description };
    if (outcome !== "yes" && drains) return { outcome: "refused", description };
    this.#asked.delete(instance.id);
    return { outcome: "serves", description };
  }

  describe({ description }: Health): string {
    return description;
  }

  [Symbol.dispose](): void {
    this.#monitor?.[Symbol.dispose]();
  }

  #find(id: string, signal: AbortSignal): Promise<Ec2Instance | undefined> {
    return findInstance(this.#parts.aws, id, signal, this.#parts.fleet);
  }

  /** Returns the health of a running instance. Undefined if it has drained. */
  async #health(
    instance: Ec2Instance,
    signal: AbortSignal,
    isAwaited: boolean,
  ): Promise<Health | undefined> {
    const drain = this.#drainOf(instance);
    if (drain?.state === "drained") return undefined;
    if (drain?.state === "accepted") return reportedHealth(instance, "draining", "it finishes its work");
    const { id, launched } = instance;
    if (!this.#hasPassed(instance)) {
      const health = await checkedHealth(this.#parts.aws, instance, signal);
      if (health.registration !== "in-service") return health;
      this.#passed.set(id, launched);
    }
    const { passed, description } = await this.#monitor?.verdict(instance, isAwaited) ??
      { passed: true, description: "it runs" };
    return reportedHealth(instance, passed ? "in-service" : "out-of-service", description);
  }

  #hasPassed(instance: Ec2Instance): boolean {
    const { id, launched } = instance;
    return (this.#passed.has(id) && this.#passed.get(id) === launched) ||
      this.#before(instance) !== undefined;
  }

  /** Whether an instance was in service when kas last observed it. Undefined if it has not been in service since its start. */
  #before({ id, launched = 0 }: Ec2Instance): boolean | undefined {
    const { journal } = this.#parts;
    const failing = journal.failing(id);
    if (failing !== undefined) return failing.served && failing.since >= launched ? false : undefined;
    const since = journal.inServiceSince(id);
    return since !== undefined && since >= launched ? true : undefined;
  }

  /** Returns how far the draining of an instance is. kas also asks instances whose start failed, which the journal does not show. */
  #drainOf(instance: Ec2Instance): Drain | undefined {
    const drain = this.#parts.journal.drains.of(instance);
    const asked = this.#askedOf(instance);
    return isAgreed(drain) || asked?.state !== "accepted" ? drain : { state: "accepted", since: this.#began };
  }

  #askedOf({ id, launched }: Ec2Instance): Asked | undefined {
    const asked = this.#asked.get(id);
    return asked?.launched === launched ? asked : undefined;
  }

  async #request(instance: Ec2Instance, method: DrainMethod): Promise<DrainAnswer> {
    const { address, drain, runtime } = this.#parts;
    const host = address(instance);
    if (host === undefined || drain === undefined) {
      return { outcome: "silent", description: `${instance.id} has no address` };
    }
    return await requestDrain(runtime, drain, host, method);
  }
}
