/**
 * The fleet that the policies are held against: instances that boot, serve, drain and stop, and the CPU that a load costs each.
 * Deterministic: the same load and the same starts and stops give the same datapoints.
 *
 * @module
 */
import { dice } from "../../src/sandbox/random.ts";
import type { Load } from "./loads.ts";

/** How long things take, s. The same for every policy: a start, though EC2 Auto Scaling would launch, which takes longer. */
export const TIMES = {
  /** StartInstances until the worker answers, at least and at most: drawn at each start, evenly. */
  boot: [40, 80],
  /** Registered until InService: two health checks 10 s apart, as `kas admin setup` makes them. */
  register: 20,
  /** Deregistered until no request is under way. */
  drain: 30,
  /** StopInstances until stopped. */
  stop: 30,
} as const;

/** Share of its CPU that a machine uses while it boots. */
const BOOTING = 0.5;

/** How far a minute's CPU of one instance strays from its fair share of the load, either way. */
const UNEVEN = 0.05;

/** s that a datapoint covers. */
export const MINUTE = 60;

/** Where an instance is. Paid for is what is neither stopped nor stopping. Source: EC2 user guide, instance lifecycle. */
export type Phase = "stopped" | "booting" | "registering" | "serving" | "draining" | "stopping";

/** An instance. Times are seconds since the beginning. */
export interface Machine {
  readonly id: string;
  readonly base: boolean;
  readonly phase: Phase;
  /** When its phase began. */
  readonly since: number;
  readonly started: number;
  readonly stopped: number;
}

interface Moving extends Machine {
  phase: Phase;
  since: number;
  started: number;
  stopped: number;
  /** s that it takes to boot this time. */
  boot: number;
  /** Started again while it was still stopping. */
  wanted: boolean;
  /** CPU seconds of this minute, and the seconds that it ran. */
  used: number;
  ran: number;
}

/** CPU of the minute that has just ended, percent, by id; an instance that ran for less than half of it has none. */
export type Datapoints = ReadonlyMap<string, number>;

/** The fleet. */
export class Plant {
  readonly #machines: readonly Moving[];
  readonly #load: Load;
  readonly #minutes = dice(1);
  readonly #boots = dice(2);
  #uneven: readonly number[] = [];
  #now = 0;
  /** Starts and stops that were begun. */
  readonly count = { starts: 0, stops: 0 };

  constructor(load: Load) {
    this.#load = load;
    this.#machines = Array.from({ length: load.fleet }, (_, i): Moving => ({
      id: `i-${String(i + 1).padStart(17, "0")}`,
      base: i === 0,
      phase: i === 0 ? "serving" : "stopped",
      since: -3_600,
      started: -3_600,
      stopped: -3_600 - i,
      boot: 0,
      wanted: false,
      used: 0,
      ran: 0,
    }));
  }

  /** s since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** The instances, the base first. */
  get machines(): readonly Machine[] {
    return this.#machines;
  }

  /** Those in a phase. */
  in(...phases: readonly Phase[]): readonly Machine[] {
    return this.#machines.filter(({ phase }) => phases.includes(phase));
  }

  /** Lets a second pass; returns the datapoints of a minute that ended with it. */
  tick(): Datapoints | undefined {
    if (this.#now % MINUTE === 0) {
      this.#uneven = this.#machines.map(() => 1 + (this.#minutes() * 2 - 1) * UNEVEN);
    }
    const serving = this.#machines.filter(({ phase }) => phase === "serving").length;
    const share = this.#load.demand(this.#now) / serving;
    this.#now += 1;
    this.#machines.forEach((machine, i) => {
      this.#run(machine, share * (this.#uneven[i] ?? 1));
      this.#move(machine);
    });
    return this.#now % MINUTE === 0 ? this.#report() : undefined;
  }

  /** Starts an instance; one that is still stopping, once it has stopped. */
  start(id: string): void {
    const machine = this.#find(id);
    this.count.starts++;
    if (machine.phase === "stopping") machine.wanted = true;
    else if (machine.phase === "stopped") this.#start(machine);
    else throw new Error(`${id} can't be started: it is ${machine.phase}`);
  }

  /** Registers a draining instance again: it serves on at once. */
  takeBack(id: string): void {
    const machine = this.#find(id);
    if (machine.phase !== "draining") throw new Error(`${id} can't be taken back: it is ${machine.phase}`);
    this.count.starts++;
    this.#enter(machine, "serving");
  }

  /** Takes an instance out of service; at once, or once its requests are done. */
  stop(id: string, how: "drained" | "at once"): void {
    const machine = this.#find(id);
    if (machine.phase === "stopped" || machine.phase === "stopping" || machine.phase === "draining") {
      throw new Error(`${id} can't be stopped: it is ${machine.phase}`);
    }
    this.count.stops++;
    this.#enter(machine, how === "drained" && machine.phase === "serving" ? "draining" : "stopping");
  }

  #run(machine: Moving, share: number): void {
    if (machine.phase === "stopped" || machine.phase === "stopping") return;
    machine.ran += 1;
    if (machine.phase === "serving") machine.used += Math.min(1, share);
    else if (machine.phase === "booting") machine.used += BOOTING;
  }

  #move(machine: Moving): void {
    const spent = this.#now - machine.since;
    if (machine.phase === "booting" && spent >= machine.boot) this.#enter(machine, "registering");
    else if (machine.phase === "registering" && spent >= TIMES.register) this.#enter(machine, "serving");
    else if (machine.phase === "draining" && spent >= TIMES.drain) this.#enter(machine, "stopping");
    else if (machine.phase === "stopping" && spent >= TIMES.stop) {
      this.#enter(machine, "stopped");
      machine.stopped = this.#now;
      if (machine.wanted) this.#start(machine);
    }
  }

  #start(machine: Moving): void {
    machine.wanted = false;
    machine.started = this.#now;
    const [least, most] = TIMES.boot;
    machine.boot = Math.round(least + this.#boots() * (most - least));
    machine.used = machine.ran = 0;
    this.#enter(machine, "booting");
  }

  #enter(machine: Moving, phase: Phase): void {
    machine.phase = phase;
    machine.since = this.#now;
  }

  #report(): Datapoints {
    const points = new Map<string, number>();
    for (const machine of this.#machines) {
      if (machine.ran >= MINUTE / 2) points.set(machine.id, (100 * machine.used) / machine.ran);
      machine.used = machine.ran = 0;
    }
    return points;
  }

  #find(id: string): Moving {
    const machine = this.#machines.find((it) => it.id === id);
    if (machine === undefined) throw new Error(`there is no ${id}`);
    return machine;
  }
}
