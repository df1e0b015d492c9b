/**
 * The lab's machines: objects that answer, hold requests, and are as busy as their share of the demand makes them.
 *
 * @module
 */
import type { MachineAddress, MachineFactory } from "../../../src/sandbox/machines/machine.ts";
import type { Machine } from "../../../src/sandbox/machines/machine.ts";
import type { Account } from "../../../src/sandbox/account/account.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** CPU of a machine that nobody asks anything, as a share of one. */
const IDLE = 0.02;

/** A machine that is on. */
interface On {
  readonly id: string;
  /** Its /ping was answered with 200 since it was switched on. */
  healthy: boolean;
  cpuSeconds: number;
  /** What ends the requests that are held. */
  readonly held: Set<() => void>;
}

/** All machines of a lab. */
export class Machines {
  /** Instances whose worker does not come up. */
  readonly broken = new Set<string>();
  /** While it is true, requests for work wait. */
  holding = false;
  readonly #time: VirtualTime;
  readonly #account: Account;
  readonly #balancer: string;
  readonly #byAddress = new Map<string, On>();
  #demand = 0;
  #accrued: number;

  constructor(time: VirtualTime, account: Account, balancer: string) {
    this.#time = time;
    this.#account = account;
    this.#balancer = balancer;
    this.#accrued = time.now();
    account.watch(() => this.#accrue());
  }

  /** How many machines' worth of work there is, shared by those that are in service. */
  set demand(demand: number) {
    this.#accrue();
    this.#demand = demand;
  }

  readonly make: MachineFactory = ({ id, address }: MachineAddress): Machine => {
    const on: On = { id, healthy: false, cpuSeconds: 0, held: new Set() };
    this.#byAddress.set(address, on);
    return {
      cpuSeconds: () => {
        this.#accrue();
        return on.cpuSeconds;
      },
      [Symbol.asyncDispose]: () => {
        if (this.#byAddress.get(address) === on) this.#byAddress.delete(address);
        for (const end of on.held) end();
        return Promise.resolve();
      },
    };
  };

  /** The machine of an instance, undefined while it is off. */
  of(id: string): { readonly healthy: boolean; readonly held: number } | undefined {
    const on = this.#byAddress.values().find((it) => it.id === id);
    return on && { healthy: on.healthy, held: on.held.size };
  }

  /** Ends all requests that are held. */
  letGo(): void {
    this.holding = false;
    for (const { held } of this.#byAddress.values()) for (const end of held) end();
  }

  /** Answers a request to an address, as the network would. */
  async answer(address: string, request: Request): Promise<Response> {
    const on = this.#byAddress.get(address);
    if (on === undefined) throw new TypeError("error sending request: connection refused");
    if (this.broken.has(on.id)) return new Response("not yet", { status: 503 });
    if (new URL(request.url).pathname === "/ping") {
      on.healthy = true;
      return new Response("pong");
    }
    if (this.holding) {
      const { promise, resolve } = Promise.withResolvers<void>();
      on.held.add(resolve);
      request.signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      on.held.delete(resolve);
    }
    return new Response("done");
  }

  /** Adds up what each has used since the last time. */
  #accrue(): void {
    const now = this.#time.now();
    const seconds = (now - this.#accrued) / 1_000;
    this.#accrued = now;
    if (seconds <= 0) return;
    const registrations = this.#account.current.balancers.get(this.#balancer)?.registrations;
    const serving = (id: string) => registrations?.get(id) === "in-service";
    const on = [...this.#byAddress.values()];
    const count = on.filter(({ id }) => serving(id)).length;
    for (const machine of on) {
      const share = serving(machine.id) ? Math.min(1, IDLE + this.#demand / count) : IDLE;
      machine.cpuSeconds += share * seconds;
    }
  }
}
