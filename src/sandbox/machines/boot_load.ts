/**
 * The CPU load of a simulated machine while its operating system and services start.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Machine, MachineSignal } from "./machine.ts";

/** A machine with an additional, simulated CPU load for a limited time. The total load is at most one core. */
export class MachineWithBootLoad implements Machine {
  readonly #machine: Machine;
  readonly #clock: Clock;
  #load:
    | { readonly cores: number; readonly since: number; readonly duration: number; readonly used: number }
    | undefined;
  /** CPU seconds of the additional load so far. */
  #added = 0;
  #isSuspended = false;

  constructor(machine: Machine, clock: Clock) {
    this.#machine = machine;
    this.#clock = clock;
  }

  /** Starts an additional load of `cores` (at most 1) for `ms` of sandbox time. */
  startLoad(cores: number, ms: number): void {
    const duration = ms / this.#clock.speed;
    this.#load = { cores, since: this.#clock.now(), duration, used: this.#machine.cpuSeconds() };
  }

  cpuSeconds(): number {
    const own = this.#machine.cpuSeconds();
    if (this.#load !== undefined) {
      const { cores, since, duration, used } = this.#load;
      const elapsed = Math.min(duration, this.#clock.now() - since) / 1_000;
      const idle = elapsed - (own - used);
      this.#added = Math.max(this.#added, Math.min(cores * elapsed, idle));
      if (this.#clock.now() - since >= duration) this.#load = undefined;
    }
    return own + this.#added;
  }

  /** Whether a signal has suspended the machine. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  signal(signal: MachineSignal): void {
    this.#machine.signal(signal);
    this.#isSuspended = signal === "SIGSTOP";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine[Symbol.asyncDispose]();
  }
}
