/**
 * A simulated fleet: instances that boot, serve, drain and stop, and the CPU that a load takes on each. It is deterministic: the
 * same load and the same actions give the same datapoints.
 *
 * @module
 */
import { seededRandom } from "../../src/sandbox/random.ts";
import type { Load } from "./loads.ts";

/** Durations, s. They are the same for every policy, though EC2 Auto Scaling launches its instances, which takes longer. */
export const TIMES = {
  /** From StartInstances until the worker answers: a random number between these two for each start. */
  boot: [40, 80],
  /** From the registration until InService: two health checks 10 s apart, as `kas admin setup` configures them. */
  register: 20,
  /** From the deregistration until no request is in flight. */
  drain: 30,
  /** From StopInstances until stopped. */
  stop: 30,
} as const;

/** Share of its CPU that an instance uses while it boots. */
const BOOTING = 0.5;

/** How far the CPU of an instance differs from its fair share of the load, up or down, within a minute. */
const UNEVEN = 0.05;

/** The period of a datapoint, s. */
export const MINUTE = 60;

/** What an instance is doing. EC2 bills it unless it is stopped or stopping. Source: EC2 user guide, instance lifecycle. */
export type Phase = "stopped" | "booting" | "registering" | "in-service" | "draining" | "stopping";

/** An instance. Times are seconds since the start of the simulation. */
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
  /** How long its present boot takes, s. */
  boot: number;
  /** Whether it starts again once it has stopped. */
  wanted: boolean;
  /** CPU seconds used in this minute, and seconds that it ran. */
  used: number;
  ran: number;
}

/** CPU of the last minute, percent, by instance id. An instance that ran for less than half of it has none. */
export type Datapoints = ReadonlyMap<string, number>;

/** The simulated fleet. */
export class Plant {
  readonly #machines: readonly Moving[];
  readonly #load: Load;
  readonly #minutes = seededRandom(1);
  readonly #boots = seededRandom(2);
  #uneven: readonly number[] = [];
  #now = 0;
  /** Starts and stops so far. */
  readonly count = { starts: 0, stops: 0 };

  constructor(load: Load) {
    this.#load = load;
    this.#machines = Array.from({ length: load.fleet }, (_, i): Moving => ({
      id: `i-${String(i + 1).padStart(17, "0")}`,
      base: i === 0,
      phase: i === 0 ? "in-service" : "stopped",
      since: -3_600,
      started: -3_600,
      stopped: -3_600 - i,
      boot: 0,
      wanted: false,
      used: 0,
      ran: 0,
    }));
  }

  /** s since the start of the simulation. */
  get now(): number {
    return this.#now;
  }

  /** The instances, the base first. */
  get machines(): readonly Machine[] {
    return this.#machines;
  }

  /** The instances in one of these phases. */
  in(...phases: readonly Phase[]): readonly Machine[] {
    return this.#machines.filter(({ phase }) => phases.includes(phase));
  }

  /** Lets a second pass. Returns the datapoints of the minute that ends with it, if one does. */
  tick(): Datapoints | undefined {
    if (this.#now % MINUTE === 0) {
      this.#uneven = this.#machines.map(() => 1 + (this.#minutes() * 2 - 1) * UNEVEN);
    }
    const inService = this.#machines.filter(({ phase }) => phase === "in-service").length;
    const share = this.#load.demand(this.#now) / inService;
    this.#now += 1;
    this.#machines.forEach((machine, i) => {
      this.#run(machine, share * (this.#uneven[i] ?? 1));
      this.#move(machine);
    });
    return this.#now % MINUTE === 0 ? this.#report() : undefined;
  }

  /** Starts an instance. A stopping one starts once it has stopped. */
  start(id: string): void {
    const machine = this.#find(id);
    this.count.starts++;
    if (machine.phase === "stopping") machine.wanted = true;
    else if (machine.phase === "stopped") this.#start(machine);
    else throw new Error(`Cannot start ${id}: it is ${machine.phase}`);
  }

  /** Registers a draining instance again. It is in service at once. */
  registerAgain(id: string): void {
    const machine = this.#find(id);
    if (machine.phase !== "draining") throw new Error(`Cannot register ${id} again: it is ${machine.phase}`);
    this.count.starts++;
    this.#enter(machine, "in-service");
  }

  /** Takes an instance out of service: at once, or once it has drained. */
  stop(id: string, how: "drained" | "at once"): void {
    const machine = this.#find(id);
    if (machine.phase === "stopped" || machine.phase === "stopping" || machine.phase === "draining") {
      throw new Error(`Cannot stop ${id}: it is ${machine.phase}`);
    }
    this.count.stops++;
    this.#enter(machine, how === "drained" && machine.phase === "in-service" ? "draining" : "stopping");
  }

  #run(machine: Moving, share: number): void {
    if (machine.phase === "stopped" || machine.phase === "stopping") return;
    machine.ran += 1;
    if (machine.phase === "in-service") machine.used += Math.min(1, share);
    else if (machine.phase === "booting") machine.used += BOOTING;
  }

  #move(machine: Moving): void {
    const spent = this.#now - machine.since;
    if (machine.phase === "booting" && spent >= machine.boot) this.#enter(machine, "registering");
    else if (machine.phase === "registering" && spent >= TIMES.register) this.#enter(machine, "in-service");
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
    if (machine === undefined) throw new Error(`The fleet has no instance ${id}`);
    return machine;
  }
}
