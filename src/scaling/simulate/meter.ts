/**
 * Meters of a simulated fleet. A meter reads the counters of all instances at the end of each period, and reports the CPU of the
 * period some time later, as CloudWatch and a scrape of Prometheus counters do.
 *
 * @module
 */
import type { Machine } from "./machine.ts";

/** The load of one period. */
export interface LoadPoint {
  /** When the period began, in ms. */
  readonly at: number;
  /** How long the period is, in ms. */
  readonly span: number;
  /** The mean CPU of the instances that were in service for the whole period, in percent. */
  readonly percent: number;
  /** How many instances were in service for the whole period. */
  readonly served: number;
  /** The mean number of instances in service in the period. */
  readonly serving: number;
}

/** The CPU of one period. */
export interface Datapoints {
  /** When the period began, in seconds. */
  readonly began: number;
  /** The average CPU in percent, by instance id. Omits an instance that ran for less than half of the period. */
  readonly cpu: ReadonlyMap<string, number>;
  /** The load of the fleet. Undefined if no instance was in service for the whole period. */
  readonly load: LoadPoint | undefined;
}

/** An instance with its counters. Both start at zero when the instance starts. */
export interface Counted extends Machine {
  /** The CPU time that the instance has used, in seconds. */
  readonly used: number;
  /** How long the instance has run, in seconds. */
  readonly ran: number;
}

/** A meter of all instances. */
export class Meter {
  readonly #period: number;
  readonly #delay: number;
  readonly #machines: readonly Counted[];
  /** The counters at the beginning of the present period. */
  readonly #used: Float64Array;
  readonly #ran: Float64Array;
  #served = 0;
  /** Datapoints of past periods that are not readable yet. */
  readonly #late: Datapoints[] = [];

  /**
   * @param period how long a period is, in seconds
   * @param delay the time from the end of a period until its datapoints are readable, in seconds
   */
  constructor(machines: readonly Counted[], period: number, delay: number) {
    this.#machines = machines;
    this.#period = period;
    this.#delay = delay;
    this.#used = new Float64Array(machines.length);
    this.#ran = new Float64Array(machines.length);
  }

  /**
   * Returns the datapoints that become readable at this second.
   *
   * @param served the sum of the time that instances have been in service, in seconds
   */
  read(now: number, served: number): Datapoints | undefined {
    if (now % this.#period === 0) this.#late.push(this.#report(now, served));
    const next = this.#late[0];
    return next !== undefined && now >= next.began + this.#period + this.#delay
      ? this.#late.shift()
      : undefined;
  }

  #report(now: number, served: number): Datapoints {
    const began = now - this.#period;
    const cpu = new Map<string, number>();
    let sum = 0;
    let whole = 0;
    for (const [i, machine] of this.#machines.entries()) {
      const { id, phase, since, started, used, ran } = machine;
      const restarted = started >= began;
      const busy = used - (restarted ? 0 : this.#used[i] ?? 0);
      const time = ran - (restarted ? 0 : this.#ran[i] ?? 0);
      this.#used[i] = used;
      this.#ran[i] = ran;
      if (time === 0 || time < this.#period / 2) continue;
      const percent = (100 * busy) / time;
      cpu.set(id, percent);
      if (phase !== "in-service" || since > began) continue;
      sum += percent;
      whole++;
    }
    const serving = (served - this.#served) / this.#period;
    this.#served = served;
    const load = whole === 0
      ? undefined
      : { at: began * 1_000, span: this.#period * 1_000, percent: sum / whole, served: whole, serving };
    return { began, cpu, load };
  }
}
