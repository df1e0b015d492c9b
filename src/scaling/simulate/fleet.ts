/**
 * A simulated fleet. It simulates how instances boot, serve requests, drain and stop, and how much CPU a load uses on each
 * instance. The simulation is deterministic: the same load and the same actions give the same datapoints.
 *
 * @module
 */
import type { Load } from "./load/load.ts";
import type { Machine, Phase } from "./machine.ts";
import { type Datapoints, Meter } from "./meter.ts";
import { seededRandom } from "./random.ts";
import { UNKIND, type World } from "./world.ts";

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
  used: number;
  ran: number;
}

/** Datapoints that become readable at a second. */
export interface Arrived {
  /** CloudWatch's datapoints, of which its alarms know. */
  readonly cloudwatch?: Datapoints;
  /** Datapoints of scrapes, for periods of 10 s. */
  readonly short?: Datapoints;
  /** Datapoints of scrapes, for the last minute, which become readable every 10 s. */
  readonly long?: Datapoints;
}

/** The periods of scraped datapoints, in seconds. */
const SCRAPED = { short: 10, long: 60 } as const;

/** The simulated fleet. */
export class SimulatedFleet {
  readonly world: World;
  readonly #machines: readonly Moving[];
  readonly load: Load;
  /** Returns random numbers for the uneven load of instances. */
  readonly #periods: () => number;
  /** Returns random numbers for the durations of boots. */
  readonly #boots: () => number;
  readonly #cloudwatch: Meter;
  readonly #scraped: { readonly short: Meter; readonly long: Meter } | undefined;
  /** How long the load of the instances stays uneven in the same way, in seconds. */
  readonly #unevenFor: number;
  /** The load of each instance in the present period, as a multiple of its fair share. */
  readonly #uneven: Float64Array;
  /** The number of instances in each phase. */
  readonly #phases: Record<Phase, number>;
  /** The sum of the time that instances have been in service, in seconds. */
  #served = 0;
  #now = 0;
  /** The number of changes of phases since the start of the simulation. */
  changes = 0;
  /** The number of starts and stops since the start of the simulation. */
  readonly count = { starts: 0, stops: 0 };

  /**
   * @param inService the number of instances, base included, that have been in service for an hour at the start of the
   * simulation
   */
  constructor(load: Load, world: World = UNKIND, inService = 1) {
    this.load = load;
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
    const { period, metricDelay, scrapeDelay } = world;
    this.#cloudwatch = new Meter(this.#machines, { period, delay: metricDelay });
    this.#scraped = scrapeDelay === undefined ? undefined : {
      short: new Meter(this.#machines, { period: SCRAPED.short, delay: scrapeDelay }),
      long: new Meter(this.#machines, { period: SCRAPED.long, step: SCRAPED.short, delay: scrapeDelay }),
    };
    this.#unevenFor = scrapeDelay === undefined ? period : SCRAPED.short;
    this.#uneven = new Float64Array(load.fleet);
    this.#phases = { stopped: 0, booting: 0, registering: 0, "in-service": 0, draining: 0, stopping: 0 };
    for (const { phase } of this.#machines) this.#phases[phase]++;
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
    return this.#phases["in-service"];
  }

  /** The number of instances in service or on the way to it. */
  get current(): number {
    const { booting, registering } = this.#phases;
    return this.inService + booting + registering;
  }

  /** The number of instances that EC2 bills at this second. */
  get billed(): number {
    return this.current + this.#phases.draining;
  }

  /** Simulates one second. Returns the datapoints that become readable at this second, if there are any. */
  tick(): Arrived | undefined {
    if (this.#now % this.#unevenFor === 0) this.#unevenAgain();
    const share = this.load.demand(this.#now) / this.inService;
    this.#now += 1;
    this.#served += this.inService;
    // An iterator would take a third of the time of a simulation.
    for (let i = 0; i < this.#machines.length; i++) {
      const machine = this.#machines[i];
      if (machine === undefined || machine.phase === "stopped") continue;
      this.#run(machine, share * (this.#uneven[i] ?? 1));
      this.#move(machine);
    }
    const cloudwatch = this.#cloudwatch.read(this.#now, this.#served);
    const short = this.#scraped?.short.read(this.#now, this.#served);
    const long = this.#scraped?.long.read(this.#now, this.#served);
    if (cloudwatch === undefined && short === undefined && long === undefined) return undefined;
    return {
      ...(cloudwatch === undefined ? {} : { cloudwatch }),
      ...(short === undefined ? {} : { short }),
      ...(long === undefined ? {} : { long }),
    };
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

  #unevenAgain(): void {
    for (let i = 0; i < this.#uneven.length; i++) {
      this.#uneven[i] = 1 + (this.#periods() * 2 - 1) * this.world.uneven;
    }
  }

  #run(machine: Moving, share: number): void {
    if (machine.phase === "stopping") return;
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
    this.#phases[machine.phase]--;
    this.#phases[phase]++;
    this.changes++;
    machine.phase = phase;
    machine.since = this.#now;
  }

  #find(id: string): Moving {
    const machine = this.#machines.find((it) => it.id === id);
    if (machine === undefined) throw new Error(`The fleet has no instance ${id}`);
    return machine;
  }
}
