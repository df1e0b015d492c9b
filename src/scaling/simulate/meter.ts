/**
 * Meters of a simulated fleet. A meter reads the counters of all instances at the end of each period, and reports the CPU of the
 * period some time later, as CloudWatch and a scrape of Prometheus counters do.
 *
 * @module
 */
import type { LoadPoint } from "../model/load/view.ts";
import type { Machine } from "./machine.ts";

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

/** The counters of all instances at a time. */
interface Reading {
  readonly used: Float64Array;
  readonly ran: Float64Array;
  /** The sum of the time that instances have been in service, in seconds. */
  served: number;
}

/** The periods of a meter, in seconds. */
export interface Periods {
  /** How long a period is. */
  readonly period: number;
  /** How long after the beginning of a period the next one begins. Default: the period. */
  readonly step?: number;
  /** The time from the end of a period until its datapoints are readable. */
  readonly delay: number;
}

/** A meter of all instances. */
export class Meter {
  readonly #machines: readonly Counted[];
  readonly #period: number;
  readonly #step: number;
  readonly #delay: number;
  /** The readings of the last period, the oldest first. */
  readonly #readings: Reading[];
  /** A reading that the next one may replace. Without it, half of the time of a simulation would go into new arrays. */
  #unused: Reading | undefined;
  /** Datapoints of past periods that are not readable yet. */
  readonly #late: Datapoints[] = [];

  constructor(machines: readonly Counted[], { period, step = period, delay }: Periods) {
    this.#machines = machines;
    this.#period = period;
    this.#step = step;
    this.#delay = delay;
    this.#readings = [this.#empty()];
  }

  /**
   * Returns the datapoints that become readable at this second.
   *
   * @param served the sum of the time that instances have been in service, in seconds
   */
  read(now: number, served: number): Datapoints | undefined {
    if (now % this.#step === 0) {
      this.#readings.push(this.#count(this.#unused ?? this.#empty(), served));
      this.#unused = undefined;
      if (this.#readings.length > this.#period / this.#step) this.#late.push(this.#report(now));
    }
    const next = this.#late[0];
    return next !== undefined && now >= next.began + this.#period + this.#delay
      ? this.#late.shift()
      : undefined;
  }

  #empty(): Reading {
    const { length } = this.#machines;
    return { used: new Float64Array(length), ran: new Float64Array(length), served: 0 };
  }

  /** Writes the present counters into a reading. */
  #count(reading: Reading, served: number): Reading {
    for (let i = 0; i < this.#machines.length; i++) {
      const { used = 0, ran = 0 } = this.#machines[i] ?? {};
      reading.used[i] = used;
      reading.ran[i] = ran;
    }
    reading.served = served;
    return reading;
  }

  #report(now: number): Datapoints {
    const before = this.#readings.shift();
    this.#unused = before;
    const after = this.#readings.at(-1);
    const began = now - this.#period;
    const cpu = new Map<string, number>();
    let sum = 0;
    let whole = 0;
    for (let i = 0; i < this.#machines.length; i++) {
      const machine = this.#machines[i];
      if (machine === undefined) continue;
      const { id, phase, since, started, used, ran } = machine;
      const isNew = started >= began;
      const time = ran - (isNew ? 0 : before?.ran[i] ?? 0);
      if (time === 0 || time < this.#period / 2) continue;
      const percent = (100 * (used - (isNew ? 0 : before?.used[i] ?? 0))) / time;
      cpu.set(id, percent);
      if (phase !== "in-service" || since > began) continue;
      sum += percent;
      whole++;
    }
    const serving = ((after?.served ?? 0) - (before?.served ?? 0)) / this.#period;
    const load = whole === 0
      ? undefined
      : { at: began * 1_000, span: this.#period * 1_000, percent: sum / whole, served: whole, serving };
    return { began, cpu, load };
  }
}
