/**
 * Watches the sandbox's fleet: who is in service, at every moment, and how busy each instance is.
 *
 * @module
 */
import type { InstanceView, WorldView } from "../../../sandbox/sandbox.ts";

/** An instance as the scenario shows it. */
export interface WatchedInstance extends Pick<InstanceView, "id" | "name" | "role" | "state" | "standing"> {
  /** CPU over the last minute of sandbox time, percent; undefined until it has run for half of one. */
  readonly cpu: number | undefined;
}

interface Reading {
  /** ms. */
  readonly at: number;
  readonly cpuSeconds: number;
}

/** Watches from its making until it is disposed of. */
export class FleetWatch implements Disposable {
  readonly #world: WorldView;
  readonly #window: number;
  readonly #now: () => number;
  readonly #end = new AbortController();
  readonly #readings = new Map<string, Reading[]>();
  #least = Infinity;
  #most = 0;

  /** @param window how far back CPU is averaged over, real ms */
  constructor(world: WorldView, window: number, now: () => number = () => performance.now()) {
    this.#world = world;
    this.#window = window;
    this.#now = now;
    // The condition is asked after each change, so that not even the shortest absence is missed.
    world.until(() => {
      this.#count();
      return false;
    }, this.#end.signal).catch(() => {
      // It has no other end than being disposed of.
    });
  }

  /** How many instances are in service now. */
  get inService(): number {
    return this.#world.instances().filter(inService).length;
  }

  /** The fewest and the most that were in service since {@linkcode resetRange}. */
  get range(): { readonly least: number; readonly most: number } {
    return { least: this.#least, most: this.#most };
  }

  /** Begins the range anew, from how it is now. */
  resetRange(): void {
    this.#least = this.#most = this.inService;
  }

  /** Reads the CPU meters; to be called several times a minute of sandbox time. */
  readCpu(): void {
    const at = this.#now();
    for (const { id, cpuSeconds } of this.#world.instances()) {
      const readings = this.#readings.get(id) ?? [];
      const last = readings.at(-1);
      // Less than before: it has been stopped and started in between.
      if (cpuSeconds === undefined || (last !== undefined && cpuSeconds < last.cpuSeconds)) {
        readings.length = 0;
      }
      if (cpuSeconds !== undefined) readings.push({ at, cpuSeconds });
      while ((readings[1]?.at ?? Infinity) <= at - this.#window) readings.shift();
      this.#readings.set(id, readings);
    }
  }

  /** Every instance, as it stands now. */
  instances(): readonly WatchedInstance[] {
    return this.#world.instances().map(({ id, name, role, state, standing }) => ({
      id,
      name,
      role,
      state,
      standing,
      cpu: this.#cpu(id),
    }));
  }

  /** CPU of each instance in service, percent. */
  cpuInService(): readonly (number | undefined)[] {
    return this.#world.instances().filter(inService).map(({ id }) => this.#cpu(id));
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  #count(): void {
    const count = this.inService;
    this.#least = Math.min(this.#least, count);
    this.#most = Math.max(this.#most, count);
  }

  #cpu(id: string): number | undefined {
    const readings = this.#readings.get(id) ?? [];
    const [first, last] = [readings[0], readings.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < this.#window / 2) return undefined;
    return (100_000 * (last.cpuSeconds - first.cpuSeconds)) / (last.at - first.at);
  }
}

function inService({ state, standing }: InstanceView): boolean {
  return state === "running" && standing === "in-service";
}
