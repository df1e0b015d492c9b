/**
 * Plays a load against a policy, in virtual time, and counts what came of it.
 *
 * @module
 */
import { CPU } from "./alarms.ts";
import type { Load } from "./loads.ts";
import { type Datapoints, Plant } from "./plant.ts";

/** A policy at work: looks at its plant once a second, with the datapoints of a minute that has just ended, and acts on it. */
export type Policy = (points: Datapoints | undefined) => void;

/** What came of a load. */
export interface Tally {
  /** s in which fewer were in service than the load needed. */
  readonly under: number;
  /** Instance-seconds paid for beyond what the load needed. */
  readonly over: number;
  readonly starts: number;
  readonly stops: number;
}

/** How many instances a load needs: the fewest of which none is busy to the threshold for more, and one at least. */
export function needed(demand: number, fleet: number): number {
  // A hair is taken off, as a load of exactly so many instances is not always an exact number.
  return Math.max(1, Math.min(fleet, Math.ceil((100 * demand) / CPU.high - 1e-9)));
}

/** Plays a load. */
export function play(load: Load, make: (plant: Plant) => Policy): Tally {
  const plant = new Plant(load);
  const policy = make(plant);
  let under = 0;
  let over = 0;
  for (let second = 0; second < load.seconds; second++) {
    const wanted = needed(load.demand(second), load.fleet);
    let serving = 0;
    let paid = 0;
    for (const { phase } of plant.machines) {
      if (phase === "serving") serving++;
      if (phase !== "stopped" && phase !== "stopping") paid++;
    }
    if (serving < wanted) under++;
    over += Math.max(0, paid - wanted);
    policy(plant.tick());
  }
  return { under, over, ...plant.count };
}
