/**
 * The CPU that a machine uses while its operating system and services start.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Machine } from "./machine.ts";

/** A machine with an additional, simulated CPU load for a time. */
export class MachineWithBootLoad implements Machine {
  readonly #machine: Machine;
  readonly #clock: Clock;
  #load: { readonly cores: number; readonly since: number; readonly duration: number } | undefined;

  constructor(machine: Machine, clock: Clock) {
    this.#machine = machine;
    this.#clock = clock;
  }

  /** Starts the load: a number of cores for ms of sandbox time. */
  startLoad(cores: number, ms: number): void {
    this.#load = { cores, since: this.#clock.now(), duration: ms / this.#clock.speed };
  }

  cpuSeconds(): number {
    if (this.#load === undefined) return this.#machine.cpuSeconds();
    const { cores, since, duration } = this.#load;
    const elapsed = Math.min(duration, this.#clock.now() - since);
    return this.#machine.cpuSeconds() + (cores * elapsed) / 1_000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine[Symbol.asyncDispose]();
  }
}
