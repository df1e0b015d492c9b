/**
 * Instances whose CPU a test sets. Their exporters show it at once.
 *
 * @module
 */
import type { MachineFactory } from "../../../src/sandbox/machines/machine.ts";
import { localMachines } from "../../unit/sandbox/machines.ts";

/** A load that keeps each instance busy for the same share of the time. */
export class SteeredLoad {
  readonly #machines = localMachines();
  /** The CPU time of an instance that runs since the start of this process, in seconds. */
  #busy = 0;
  #share: number;
  #since = performance.now();

  /** @param share the share of the time in which each instance is busy */
  constructor(share: number) {
    this.#share = share;
  }

  /** Boots the machine of an instance. */
  readonly make: MachineFactory = (host) => {
    const machine = this.#machines.make(host);
    const before = this.#now();
    return {
      cpuSeconds: () => this.#now() - before,
      signal: (signal) => machine.signal(signal),
      [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
    };
  };

  /** Sets the share of the time in which each instance is busy. */
  set(share: number): void {
    this.#now();
    this.#share = share;
  }

  #now(): number {
    const now = performance.now();
    this.#busy += this.#share * (now - this.#since) / 1_000;
    this.#since = now;
    return this.#busy;
  }
}
