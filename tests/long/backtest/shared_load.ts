/**
 * Instances that share a load. Their processes answer health checks, and their CPU counters show the share of the load that an instance
 * in service has at each moment. A load of several instances would need more cores than a test machine has.
 *
 * @module
 */
import type { Load } from "../../../src/scaling/simulate/load/load.ts";
import type { AccountView } from "../../../src/sandbox/sandbox.ts";
import type { MachineFactory } from "../../../src/sandbox/machines/machine.ts";
import { localMachines } from "../../unit/sandbox/machines.ts";

/** Instances at a moment. */
interface Fleet {
  /** The ids of the instances in service. */
  readonly serving: readonly string[];
  /** The number of instances that boot or run. */
  readonly on: number;
}

/** Sums over a run, in instance-seconds of the sandbox's time. */
export interface Used {
  readonly inService: number;
  /** The instances that boot or run. */
  readonly on: number;
  /** The number of instances that came into service. */
  readonly joined: number;
}

/** A load that the instances in service share. */
export class SharedLoad {
  readonly #machines = localMachines();
  readonly #load: Load;
  readonly #speed: number;
  /** The CPU time of each machine since its start, in seconds of real time, by instance id. */
  readonly #cpu = new Map<string, number>();
  #fleet: Fleet = { serving: [], on: 0 };
  #begun: number | undefined;
  /** The time until which the sums are counted, in ms since the load began. */
  #counted = 0;
  #inService = 0;
  #on = 0;
  #joined = 0;

  /** @param speed how many times as fast as real time the load changes */
  constructor(load: Load, speed: number) {
    this.#load = load;
    this.#speed = speed;
  }

  /** Boots the machine of an instance. */
  readonly make: MachineFactory = (host) => {
    this.#cpu.set(host.id, 0);
    const machine = this.#machines.make(host);
    return {
      cpuSeconds: () => this.#cpu.get(host.id) ?? 0,
      signal: (signal) => machine.signal(signal),
      [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
    };
  };

  /** Begins the load, and ends it after the load's duration. Throws the reason of the signal if the signal aborts. */
  async run(account: AccountView, signal: AbortSignal): Promise<Used> {
    this.#fleet = fleetOf(account);
    this.#begun = performance.now();
    const end = new AbortController();
    // The condition is checked after each change of the account.
    const watched = account.waitUntil(() => {
      this.#advance(account);
      return false;
    }, end.signal).catch(() => {
      // The wait ends only at the end of the load.
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    const interval = setInterval(() => {
      this.#advance(account);
      if (this.#counted >= this.#end) resolve();
    }, 40);
    try {
      await promise;
    } finally {
      clearInterval(interval);
      signal.removeEventListener("abort", onAbort);
      end.abort();
      await watched;
    }
    const scale = this.#speed / 1_000;
    return { inService: this.#inService * scale, on: this.#on * scale, joined: this.#joined };
  }

  /** When the load ends, in ms of real time since its beginning. */
  get #end(): number {
    return (1_000 * this.#load.seconds) / this.#speed;
  }

  /** Counts the time since the last call, in which the fleet was as it was then. */
  #advance(account: AccountView): void {
    const { serving, on } = this.#fleet;
    const now = Math.min(this.#end, performance.now() - (this.#begun ?? 0));
    const elapsed = now - this.#counted;
    const demand = this.#load.demand(Math.floor((this.#counted * this.#speed) / 1_000));
    const share = Math.min(1, demand / serving.length);
    for (const id of serving) this.#cpu.set(id, (this.#cpu.get(id) ?? 0) + (share * elapsed) / 1_000);
    this.#inService += serving.length * elapsed;
    this.#on += on * elapsed;
    this.#counted = now;
    this.#fleet = fleetOf(account);
    this.#joined += this.#fleet.serving.filter((id) => !serving.includes(id)).length;
  }
}

function fleetOf(account: AccountView): Fleet {
  const instances = account.instances();
  return {
    serving: instances.filter(({ registration }) => registration === "in-service").map(({ id }) => id),
    on: instances.filter(({ state }) => state === "pending" || state === "running").length,
  };
}
