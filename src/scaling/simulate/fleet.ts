/**
 * A simulated fleet. It simulates how instances boot, serve requests, drain and stop, and how much CPU a load uses on each
 * instance. The simulation is deterministic: the same load and the same actions give the same datapoints.
 *
 * @module
 */
import type { Load } from "./load.ts";
import { seededRandom } from "./random.ts";
import { UNKIND, type World } from "./world.ts";

/** What an instance is doing. EC2 bills it unless it is stopped or stopping. Source: EC2 user guide, instance lifecycle. */
export type Phase = "stopped" | "booting" | "registering" | "in-service" | "draining" | "stopping";

/** An instance. Times are seconds since the start of the simulation. */
export interface Machine {
  readonly id: string;
  readonly base: boolean;
  readonly phase: Phase;
  /** When the present phase began. */
  readonly since: number;
  /** When the instance was last started. */
  readonly started: number;
  /** When the instance last stopped. */
  readonly stopped: number;
}

/** The internal, changeable state of an instance. */
interface Moving extends Machine {
  phase: Phase;
  since: number;
  started: number;
  stopped: number;
  /** How long the present or last boot takes, in seconds. */
  boot: number;
  /** Whether the instance starts again once it has stopped. */
  wanted: boolean;
  /** The CPU time that the instance used in the present period, in seconds. */
  used: number;
  /** How many seconds of the present period the instance ran. */
  ran: number;
}

/** The CPU datapoints of one period. */
export interface Datapoints {
  /** When the period began, in seconds. */
  readonly began: number;
  /** The average CPU in percent, by instance id. Omits an instance that ran for less than half of the period. */
  readonly cpu: ReadonlyMap<string, number>;
}

/** The simulated fleet. */
export class SimulatedFleet {
  readonly world: World;
  readonly #machines: readonly Moving[];
  readonly #load: Load;
  /** Returns random numbers for the uneven load of instances. */
  readonly #periods: () => number;
  /** Returns random numbers for the durations of boots. */
  readonly #boots: () => number;
  /** Datapoints of past periods that CloudWatch does not return yet. */
  readonly #late: Datapoints[] = [];
  /** The load of each instance in the present period, as a multiple of its fair share. */
  #uneven: readonly number[] = [];
  #now = 0;
  /** The number of starts and stops since the start of the simulation. */
  readonly count = { starts: 0, stops: 0 };

  /**
   * @param inService the number of instances, base included, that have been in service for an hour at the start of the
   * simulation
   */
  constructor(load: Load, world: World = UNKIND, inService = 1) {
    this.#load = load;
    this.world = world;
    this.#periods = seededRandom(world.seed);
    this.#boots = seededRandom(world.seed + 1);
    this.#machines = Array.from({ length: load.fleet }, (_, i): Moving => ({
      id: `i-${String(i + 1).padStart(17, "0")}`,
      base: i === 0,
      phase: i < inService ? "in-service" : "stopped",
      since: -3_600,
      started: -3_600,
      stopped: -3_600 - i,
      boot: 0,
      wanted: false,
      used: 0,
      ran: 0,
    }));
  }

  /** The present time, in seconds since the start of the simulation. */
  get now(): number {
    return this.#now;
  }

  /** All instances, the base instance first. */
  get machines(): readonly Machine[] {
    return this.#machines;
  }

  /** Returns the instances that are in one of these phases. */
  in(...phases: readonly Phase[]): readonly Machine[] {
    return this.#machines.filter(({ phase }) => phases.includes(phase));
  }

  /** The number of instances in service at this second. */
  get inService(): number {
    return this.#machines.filter(({ phase }) => phase === "in-service").length;
  }

  /** Simulates one second. Returns the datapoints that CloudWatch returns from this second on, if there are new ones. */
  tick(): Datapoints | undefined {
    const { period, uneven, metricDelay } = this.world;
    if (this.#now % period === 0) {
      this.#uneven = this.#machines.map(() => 1 + (this.#periods() * 2 - 1) * uneven);
    }
    const share = this.#load.demand(this.#now) / this.inService;
    this.#now += 1;
    this.#machines.forEach((machine, i) => {
      this.#run(machine, share * (this.#uneven[i] ?? 1));
      this.#move(machine);
    });
    if (this.#now % period === 0) this.#late.push(this.#report());
    const [next] = this.#late;
    return next !== undefined && this.#now >= next.began + period + metricDelay
      ? this.#late.shift()
      : undefined;
  }

  /** Starts an instance. If the instance is stopping, it starts once it has stopped. */
  start(id: string): void {
    const machine = this.#find(id);
    this.count.starts++;
    if (machine.phase === "stopping") machine.wanted = true;
    else if (machine.phase === "stopped") this.#start(machine);
    else throw new Error(`Cannot start ${id}: it is ${machine.phase}`);
  }

  /** Registers a draining instance again. The instance is then in service at once. */
  registerAgain(id: string): void {
    const machine = this.#find(id);
    if (machine.phase !== "draining") throw new Error(`Cannot register ${id} again: it is ${machine.phase}`);
    this.count.starts++;
    this.#enter(machine, "in-service");
  }

  /** Stops an instance: at once, or after the instance has drained. */
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
    else if (machine.phase === "booting") machine.used += this.world.bootCpu / 100;
  }

  #move(machine: Moving): void {
    const spent = this.#now - machine.since;
    if (machine.phase === "booting" && spent >= machine.boot) this.#enter(machine, "registering");
    else if (machine.phase === "registering" && spent >= this.world.register) {
      this.#enter(machine, "in-service");
    } else if (machine.phase === "draining" && spent >= this.world.drain) this.#enter(machine, "stopping");
    else if (machine.phase === "stopping" && spent >= this.world.stop) {
      this.#enter(machine, "stopped");
      machine.stopped = this.#now;
      if (machine.wanted) this.#start(machine);
    }
  }

  #start(machine: Moving): void {
    machine.wanted = false;
    machine.started = this.#now;
    const [least, most] = this.world.boot;
    machine.boot = Math.round(least + this.#boots() * (most - least));
    machine.used = machine.ran = 0;
    this.#enter(machine, "booting");
  }

  #enter(machine: Moving, phase: Phase): void {
    machine.phase = phase;
    machine.since = this.#now;
  }

  #report(): Datapoints {
    const { period } = this.world;
    const cpu = new Map<string, number>();
    for (const machine of this.#machines) {
      if (machine.ran >= period / 2) cpu.set(machine.id, (100 * machine.used) / machine.ran);
      machine.used = machine.ran = 0;
    }
    return { began: this.#now - period, cpu };
  }

  #find(id: string): Moving {
    const machine = this.#machines.find((it) => it.id === id);
    if (machine === undefined) throw new Error(`The fleet has no instance ${id}`);
    return machine;
  }
}
