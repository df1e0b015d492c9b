/**
 * The lab's machines: objects that answer requests at once or later, and whose CPU utilization is computed from the
 * demand.
 *
 * @module
 */
import type { MachineAddress, MachineFactory } from "../../../src/sandbox/machines/machine.ts";
import type { Machine, MachineSignal } from "../../../src/sandbox/machines/machine.ts";
import type { Account } from "../../../src/sandbox/account/account.ts";
import { DRAIN, type QueueWorkers } from "./queue_workers.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** The CPU of an idle machine, from 0 to 1. */
const IDLE = 0.02;

/** A running machine. */
interface On {
  readonly id: string;
  /** Whether the machine has answered /ping with 200 since its start. */
  healthy: boolean;
  cpuSeconds: number;
  /** When the machine started, in ms since the epoch. */
  readonly began: number;
  /** Functions that answer the requests that the machine holds. */
  readonly held: Set<() => void>;
  /** Whether the machine's processes have ended. */
  dead: boolean;
  /** Resolves when the machine's processes continue. Undefined if they are not suspended. */
  suspended: PromiseWithResolvers<void> | undefined;
}

/** The machines of a lab. */
export class Machines {
  /** Instances whose worker never becomes healthy. */
  readonly broken = new Set<string>();
  /** Instances whose node_exporter does not run. */
  readonly unmeasured = new Set<string>();
  /** Whether machines hold requests to /work, that is, answer them only after {@linkcode Machines.release}. */
  holding = false;
  readonly #time: VirtualTime;
  readonly #account: Account;
  readonly #balancers: readonly string[];
  readonly #workers: QueueWorkers | undefined;
  readonly #byAddress = new Map<string, On>();
  /** The work to do, by the load balancer. */
  readonly #demands = new Map<string, number>();
  #accrued: number;

  /**
   * @param balancers the names of the fleets and of their load balancers
   * @param workers the services, if the fleet has no load balancer
   */
  constructor(time: VirtualTime, account: Account, balancers: readonly string[], workers?: QueueWorkers) {
    this.#time = time;
    this.#account = account;
    this.#balancers = balancers;
    this.#workers = workers;
    this.#accrued = time.now();
    account.watch(() => this.#accrue());
  }

  /** Sets the work of the first load balancer. */
  set demand(demand: number) {
    this.setDemand(this.#balancers[0] ?? "", demand);
  }

  /** Sets the work to do, as the number of machines that it keeps busy. The instances in service at a load balancer share its work. */
  setDemand(balancer: string, demand: number): void {
    this.#accrue();
    this.#demands.set(balancer, demand);
  }

  readonly make: MachineFactory = ({ id, address }: MachineAddress): Machine => {
    const on: On = {
      id,
      healthy: false,
      cpuSeconds: 0,
      began: this.#time.now(),
      held: new Set(),
      dead: false,
      suspended: undefined,
    };
    this.#byAddress.set(address, on);
    this.#workers?.start(id);
    return {
      cpuSeconds: () => {
        this.#accrue();
        return on.cpuSeconds;
      },
      signal: (signal) => {
        this.#accrue();
        if (signal === "SIGKILL") this.#workers?.stop(id);
        send(on, signal);
      },
      [Symbol.asyncDispose]: () => {
        if (this.#byAddress.get(address) === on) {
          this.#byAddress.delete(address);
          this.#workers?.stop(id);
        }
        send(on, "SIGCONT");
        for (const end of on.held) end();
        return Promise.resolve();
      },
    };
  };

  /** Returns the machine of an instance, or undefined if the instance does not run. */
  of(id: string): { readonly healthy: boolean; readonly held: number } | undefined {
    const on = this.#byAddress.values().find((it) => it.id === id);
    return on && { healthy: on.healthy, held: on.held.size };
  }

  /** Answers all held requests, and holds no further requests. */
  release(): void {
    this.holding = false;
    for (const { held } of this.#byAddress.values()) for (const end of held) end();
  }

  /** Answers a request to an address. */
  async answer(address: string, request: Request): Promise<Response> {
    const on = this.#byAddress.get(address);
    if (on === undefined || on.dead) throw refused();
    if (on.suspended !== undefined) {
      await on.suspended.promise;
      if (on.dead || this.#byAddress.get(address) !== on) throw refused();
    }
    const { pathname } = new URL(request.url);
    if (pathname === DRAIN.path && this.#workers !== undefined) return this.#workers.answer(on.id, request);
    if (pathname === "/metrics") return this.#metrics(on);
    if (this.broken.has(on.id)) return new Response("not yet", { status: 503 });
    if (pathname === "/ping") {
      on.healthy = true;
      return new Response("pong");
    }
    if (this.holding) {
      const { promise, resolve } = Promise.withResolvers<void>();
      on.held.add(resolve);
      request.signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      on.held.delete(resolve);
      if (on.dead) throw refused();
    }
    return new Response("done");
  }

  /** Returns the answer of a machine's node_exporter. */
  #metrics(on: On): Response {
    if (this.unmeasured.has(on.id)) throw refused();
    this.#accrue();
    const idle = (this.#time.now() - on.began) / 1_000 - on.cpuSeconds;
    const metric = (mode: string, seconds: number) =>
      `node_cpu_seconds_total{cpu="0",mode="${mode}"} ${seconds}\n`;
    return new Response(metric("idle", idle) + metric("user", on.cpuSeconds));
  }

  /** Adds the CPU time that each machine has used since the last call. */
  #accrue(): void {
    const now = this.#time.now();
    const seconds = (now - this.#accrued) / 1_000;
    this.#accrued = now;
    if (seconds <= 0) return;
    const on = [...this.#byAddress.values()];
    // The share of each serving machine of the work, by its id.
    const shares = new Map(this.#balancers.flatMap((balancer) => {
      const registrations = this.#account.current.balancers.get(balancer)?.registrations;
      const serving = on.filter(({ id }) =>
        this.#workers === undefined ? registrations?.get(id) === "in-service" : this.#workers.works(id)
      );
      const demand = this.#demands.get(balancer) ?? 0;
      return serving.map(({ id }): [string, number] => [id, demand / serving.length]);
    }));
    for (const machine of on) {
      // The processes that would use the CPU do not run.
      if (machine.dead || machine.suspended !== undefined) continue;
      machine.cpuSeconds += Math.min(1, IDLE + (shares.get(machine.id) ?? 0)) * seconds;
    }
  }
}

/** Sends a signal to a machine's processes. */
function send(on: On, signal: MachineSignal): void {
  if (signal === "SIGSTOP") {
    on.suspended ??= Promise.withResolvers();
    return;
  }
  if (signal === "SIGKILL") {
    on.dead = true;
    for (const end of on.held) end();
  }
  // The requests that a dead machine has accepted fail.
  on.suspended?.resolve();
  on.suspended = undefined;
}

function refused(): TypeError {
  return new TypeError("error sending request: connection refused");
}
