/**
 * Watches the sandbox's fleet: the number of instances in service at every moment, and the CPU of each instance.
 *
 * @module
 */
import type { AccountView, InstanceView } from "../../../sandbox/sandbox.ts";

/** An instance as the scenario shows it. */
export interface WatchedInstance
  extends Pick<InstanceView, "id" | "name" | "role" | "state" | "registration"> {
  /** The CPU over the last minute of sandbox time, in percent. Undefined until the instance has run for half a minute. */
  readonly cpu: number | undefined;
}

interface CpuReading {
  /** Time of the reading, in ms. */
  readonly at: number;
  /** CPU time that the instance has used since its start, in seconds. */
  readonly cpuSeconds: number;
}

/** Watches the fleet from its construction until its disposal. */
export class FleetWatch implements Disposable {
  readonly #account: AccountView;
  readonly #window: number;
  readonly #now: () => number;
  readonly #end = new AbortController();
  readonly #readings = new Map<string, CpuReading[]>();
  #min = Infinity;
  #max = 0;

  /** @param window time over which the CPU of an instance is averaged, in ms of real time */
  constructor(account: AccountView, window: number, now: () => number = () => performance.now()) {
    this.#account = account;
    this.#window = window;
    this.#now = now;
    // waitUntil() evaluates the condition after each change of the fleet, so that the range also includes very short states.
    account.waitUntil(() => {
      this.#updateRange();
      return false;
    }, this.#end.signal).catch(() => {
      // The disposal of the watch aborts the wait.
    });
  }

  /** Current number of instances in service. */
  get inService(): number {
    return this.#account.instances().filter(isInService).length;
  }

  /** Minimum and maximum number of instances in service since {@linkcode resetRange}. */
  get range(): { readonly min: number; readonly max: number } {
    return { min: this.#min, max: this.#max };
  }

  /** Starts a new range with the current number of instances in service. */
  resetRange(): void {
    this.#min = this.#max = this.inService;
  }

  /** Reads the CPU time of every instance. Call this method several times per minute of sandbox time. */
  readCpu(): void {
    const at = this.#now();
    for (const { id, cpuSeconds } of this.#account.instances()) {
      const readings = this.#readings.get(id) ?? [];
      const last = readings.at(-1);
      // If the value is lower than before, the instance has been stopped and started since the last reading.
      if (cpuSeconds === undefined || (last !== undefined && cpuSeconds < last.cpuSeconds)) {
        readings.length = 0;
      }
      if (cpuSeconds !== undefined) readings.push({ at, cpuSeconds });
      while ((readings[1]?.at ?? Infinity) <= at - this.#window) readings.shift();
      this.#readings.set(id, readings);
    }
  }

  /** Returns the current state of every instance. */
  instances(): readonly WatchedInstance[] {
    return this.#account.instances().map(({ id, name, role, state, registration }) => ({
      id,
      name,
      role,
      state,
      registration,
      cpu: this.#cpu(id),
    }));
  }

  /** Returns the CPU of each instance in service, in percent. */
  cpuInService(): readonly (number | undefined)[] {
    return this.#account.instances().filter(isInService).map(({ id }) => this.#cpu(id));
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  #updateRange(): void {
    const count = this.inService;
    this.#min = Math.min(this.#min, count);
    this.#max = Math.max(this.#max, count);
  }

  #cpu(id: string): number | undefined {
    const readings = this.#readings.get(id) ?? [];
    const [first, last] = [readings[0], readings.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < this.#window / 2) return undefined;
    return (100_000 * (last.cpuSeconds - first.cpuSeconds)) / (last.at - first.at);
  }
}

function isInService({ state, registration }: InstanceView): boolean {
  return state === "running" && registration === "in-service";
}
