/**
 * A pool's health checks: each registered instance that runs is asked again and again, and its registration moves
 * between registering, in service and out of service.
 *
 * @module
 */
import type { Faults } from "../faults.ts";
import type { Clock } from "../clock.ts";
import type { Account } from "../account/account.ts";
import { findPool } from "../account/snapshot.ts";
import type { HealthCheck, Pool, RegistrationPhase } from "../account/load_balancer.ts";
import type { Instance } from "../account/instance.ts";

/**
 * After how long an instance that has yet to pass its first check is asked again, ms of sandbox time, and then after twice as
 * long each time. AWS gets round to it within 30 s.
 */
const FIRST_RETRY = 250;

/** Real ms between two checks, and for one to be answered, at least: processes don't get faster with the sandbox's speed. */
const MIN_INTERVAL = 50;
const MIN_TIMEOUT = 2_000;

/** Checks the instances of one pool until it is disposed of. */
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

  /** Begins the checks of instances that need them now, and ends those of others. */
  #reconcile(): void {
    const { instances } = this.#account.current;
    const pool = findPool(this.#account.current, this.#key);
    const wanted = new Set<string>();
    for (const [id, phase] of pool?.registrations ?? []) {
      const instance = instances.get(id);
      if (pool === undefined || phase === "draining") continue;
      if (instance === undefined || instance.state === "terminated") {
        this.#account.setRegistration(this.#key, id, undefined);
      } else if (receivesTraffic(instance, pool)) wanted.add(id);
      // It starts anew when it runs again.
      else this.#account.setRegistration(this.#key, id, "registering");
    }
    for (const [id, check] of this.#running) {
      if (wanted.has(id)) continue;
      check.abort();
      this.#running.delete(id);
    }
    for (const id of wanted) {
      if (this.#running.has(id)) continue;
      const check = new AbortController();
      this.#running.set(id, check);
      void this.#check(id, check.signal);
    }
  }

  async #check(id: string, signal: AbortSignal): Promise<void> {
    const since = this.#clock.now();
    let inARow = { passed: true, times: 0 };
    for (let first = FIRST_RETRY;; first *= 2) {
      const passed = await this.#passes(id, signal);
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
      this.#account.setRegistration(this.#key, id, next);
      await this.#pause(
        Math.min(next === "registering" ? first : Infinity, pool.healthCheck.interval * 1_000),
        signal,
      );
    }
  }

  async #passes(id: string, signal: AbortSignal): Promise<boolean> {
    const healthCheck = findPool(this.#account.current, this.#key)?.healthCheck;
    const address = this.#account.current.instances.get(id)?.address;
    if (healthCheck === undefined || address === undefined || this.#faults.unhealthy.has(id)) return false;
    const [, protocol, port = "", path = ""] = /^(\w+):(\d+)(.*)$/.exec(healthCheck.target) ?? [];
    const deadline = new AbortController();
    const abort = () => deadline.abort();
    signal.addEventListener("abort", abort, { once: true });
    const timeout = Math.max(healthCheck.timeout * 1_000, MIN_TIMEOUT * this.#clock.speed);
    using _timer = this.#clock.after(timeout, abort);
    try {
      if (protocol === "TCP") {
        (await Deno.connect({ hostname: address, port: Number(port) })).close();
        return true;
      }
      const response = await this.#fetch(`http://${address}:${port}${path}`, {
        client: this.#client,
        redirect: "manual",
        signal: deadline.signal,
      });
      await response.body?.cancel();
      return response.status === 200;
    } catch {
      return false;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Waits so many ms of sandbox time, or until the signal. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
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

/** Whether an instance runs in a zone that is routed to. */
export function receivesTraffic({ state, zone }: Instance, { zones }: Pool): boolean {
  return state === "running" && zones.includes(zone);
}

/**
 * What a registration's phase becomes by its latest checks: the first that passes puts an instance in service, later the thresholds
 * count. Source: CLB guide, elb-healthchecks.
 *
 * @param elapsed since the checks began, ms of sandbox time
 */
export function nextPhase(
  phase: RegistrationPhase,
  latest: { readonly passed: boolean; readonly times: number },
  { interval, healthyThreshold, unhealthyThreshold }: HealthCheck,
  elapsed: number,
): RegistrationPhase {
  switch (phase) {
    case "registering":
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
