/**
 * The health checks of a load balancer. They check each registered, running instance and set the phase of its registration.
 *
 * @module
 */
import type { Faults } from "../faults/faults.ts";
import type { Clock } from "../clock.ts";
import type { Account } from "../account/account.ts";
import { findPool } from "../account/snapshot.ts";
import {
  type CheckFailure,
  type HealthCheck,
  instanceOf,
  type Pool,
  portOf,
  type RegistrationPhase,
} from "../account/load_balancer.ts";
import type { Instance } from "../account/instance.ts";
import { checkTarget, FAILED, runCheck, TIMED_OUT, TRAFFIC_PORT } from "./traffic/check.ts";
import { reaches } from "./traffic/reach.ts";
import { forNetworkBalancer } from "./traffic/traffic.ts";

/**
 * Pause between the first and second check of an instance that has not passed a check yet, in ms of sandbox time. Each further
 * pause is twice as long. With AWS, such an instance waits up to 30 s.
 */
const FIRST_RETRY = 250;

/** Minimum interval and timeout in ms of real time: a faster sandbox does not make the instances' processes faster. */
const MIN_INTERVAL = 50;
const MIN_TIMEOUT = 2_000;

/** Checks the instances of one Classic Load Balancer or target group, until disposal. */
export class HealthChecks implements Disposable {
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #faults: Faults;
  readonly #key: string;
  readonly #fetch: typeof fetch;
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  readonly #running = new Map<string, AbortController>();
  readonly #watch: Disposable;

  constructor(clock: Clock, account: Account, faults: Faults, key: string, network: typeof fetch) {
    this.#clock = clock;
    this.#account = account;
    this.#faults = faults;
    this.#key = key;
    this.#fetch = network;
    this.#watch = account.watch(() => this.#reconcile());
    this.#reconcile();
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    for (const check of this.#running.values()) check.abort();
    this.#client.close();
  }

  /** Starts the checks of registered, running instances, and stops the checks of all other instances. */
  #reconcile(): void {
    const { instances } = this.#account.current;
    const pool = findPool(this.#account.current, this.#key);
    const toCheck = new Set<string>();
    for (const [id, phase] of pool?.registrations ?? []) {
      const instance = instances.get(instanceOf(id));
      if (pool === undefined || phase === "draining") continue;
      if (instance === undefined || instance.state === "terminated") {
        this.#account.setRegistration(this.#key, id, undefined);
      } else if (receivesTraffic(instance, pool)) toCheck.add(id);
      // When the instance runs again, its registration starts again with the first check.
      else this.#account.setRegistration(this.#key, id, "registering");
    }
    for (const [id, check] of this.#running) {
      if (toCheck.has(id)) continue;
      check.abort();
      this.#running.delete(id);
    }
    for (const id of toCheck) {
      if (this.#running.has(id)) continue;
      const check = new AbortController();
      this.#running.set(id, check);
      void this.#check(id, check.signal);
    }
  }

  async #check(id: string, signal: AbortSignal): Promise<void> {
    const registered = findPool(this.#account.current, this.#key);
    const forNetwork = registered !== undefined && "arn" in registered && forNetworkBalancer(registered);
    const interval = (registered?.healthCheck.interval ?? 0) * 1_000;
    const firstCheck = this.#faults.firstCheckShare() * interval + (forNetwork ? this.#faults.nlbLag : 0);
    if (firstCheck > 0) await this.#pause(firstCheck, signal);
    if (registered !== undefined && "arn" in registered) this.#begin(id, signal);
    const since = this.#clock.now();
    let inARow = { passed: true, times: 0 };
    for (let first = FIRST_RETRY;; first *= 2) {
      const failure = await this.#failure(id, signal);
      const passed = failure === undefined;
      const pool = findPool(this.#account.current, this.#key);
      const phase = pool?.registrations.get(id);
      if (signal.aborted || pool === undefined || phase === undefined) return;
      inARow = { passed, times: inARow.passed === passed ? inARow.times + 1 : 1 };
      const next = nextPhase(
        phase,
        inARow,
        pool.healthCheck,
        (this.#clock.now() - since) * this.#clock.speed,
      );
      this.#account.setRegistration(this.#key, id, next, failure);
      await this.#pause(
        Math.min(
          isNew(next) && firstCheck === 0 ? first : Infinity,
          pool.healthCheck.interval * 1_000,
        ),
        signal,
      );
    }
  }

  /** Shows that the health checks of a new target have begun. */
  #begin(id: string, signal: AbortSignal): void {
    const phase = findPool(this.#account.current, this.#key)?.registrations.get(id);
    if (!signal.aborted && phase === "registering") this.#account.setRegistration(this.#key, id, "checking");
  }

  /** Checks an instance once. Returns why the check failed, or undefined if the check passed. */
  async #failure(id: string, signal: AbortSignal): Promise<CheckFailure | undefined> {
    const { current } = this.#account;
    const pool = findPool(current, this.#key);
    const instance = current.instances.get(instanceOf(id));
    if (pool === undefined || instance === undefined || this.#faults.unhealthy.has(instance.id)) {
      return FAILED;
    }
    const { target, timeout, codes = "200" } = pool.healthCheck;
    const { protocol, port: checkPort, path } = checkTarget(target);
    const port = checkPort === TRAFFIC_PORT ? portOf(id) ?? 80 : Number(checkPort);
    // A security group drops what it does not admit, so that the check gets no answer until its timeout.
    if (this.#faults.securityGroups && !reaches(current, pool, instance, port)) {
      await this.#pause(timeout * 1_000, signal);
      return TIMED_OUT;
    }
    const deadline = new AbortController();
    const abort = () => deadline.abort();
    signal.addEventListener("abort", abort, { once: true });
    using _timer = this.#clock.after(Math.max(timeout * 1_000, MIN_TIMEOUT * this.#clock.speed), abort);
    try {
      return await runCheck({
        protocol,
        port: String(port),
        path,
        codes,
        address: instance.address,
        signal: deadline.signal,
        network: (url, options) => this.#fetch(url, { ...options, client: this.#client }),
      });
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Waits for a number of ms of sandbox time, or until `signal` aborts. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const abort = () => {
      timer[Symbol.dispose]();
      resolve();
    };
    const timer = this.#clock.after(Math.max(ms, MIN_INTERVAL * this.#clock.speed), () => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
    signal.addEventListener("abort", abort, { once: true });
    return promise;
  }
}

/** Returns whether a registration has not passed a health check yet. */
export function isNew(phase: RegistrationPhase): boolean {
  return phase === "registering" || phase === "checking";
}

/** Returns whether an instance is running in a zone that the load balancer sends requests to. */
export function receivesTraffic({ state, zone }: Instance, { zones }: Pool): boolean {
  return state === "running" && zones.includes(zone);
}

/**
 * Returns the next phase of an instance's registration. The first passed check puts a new instance in service. After that, the
 * healthy and unhealthy thresholds apply. Source: CLB guide, elb-healthchecks.
 *
 * @param latest the result of the latest check, and the number of consecutive checks with this result
 * @param elapsed time since the instance's first check, in ms of sandbox time
 */
export function nextPhase(
  phase: RegistrationPhase,
  latest: { readonly passed: boolean; readonly times: number },
  { interval, healthyThreshold, unhealthyThreshold }: HealthCheck,
  elapsed: number,
): RegistrationPhase {
  switch (phase) {
    case "registering":
    case "checking":
      if (latest.passed) return "in-service";
      return elapsed >= interval * unhealthyThreshold * 1_000 ? "out-of-service" : phase;
    case "in-service":
      return !latest.passed && latest.times >= unhealthyThreshold ? "out-of-service" : phase;
    case "out-of-service":
      return latest.passed && latest.times >= healthyThreshold ? "in-service" : phase;
    case "draining":
      return phase;
  }
}
