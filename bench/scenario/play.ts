/**
 * Plays a load against a policy in virtual time, and counts the results.
 *
 * @module
 */
import { CPU } from "./alarms.ts";
import type { Load } from "./loads.ts";
import { type Datapoints, Plant } from "./plant.ts";

/** A policy: it is called once a second, with the datapoints of a minute that has just ended, and acts on its fleet. */
export type Policy = (points: Datapoints | undefined) => void;

/** The results of a load. */
export interface Tally {
  /** s with fewer instances in service than the load needed. */
  readonly under: number;
  /** Instance-seconds billed beyond what the load needed. */
  readonly over: number;
  readonly starts: number;
  readonly stops: number;
}

/** How many instances a load needs: as many as keep each one below the `cpuhigh` threshold, and at least one. */
export function instancesNeeded(demand: number, fleet: number): number {
  // The subtraction absorbs rounding: a load of exactly n instances needs n, not n + 1.
  return Math.max(1, Math.min(fleet, Math.ceil((100 * demand) / CPU.high - 1e-9)));
}

/** Plays a load. */
export function playLoad(load: Load, make: (plant: Plant) => Policy): Tally {
  const plant = new Plant(load);
  const policy = make(plant);
  let under = 0;
  let over = 0;
  for (let second = 0; second < load.seconds; second++) {
    const wanted = instancesNeeded(load.demand(second), load.fleet);
    let inService = 0;
    let billed = 0;
    for (const { phase } of plant.machines) {
      if (phase === "in-service") inService++;
      if (phase !== "stopped" && phase !== "stopping") billed++;
    }
    if (inService < wanted) under++;
    over += Math.max(0, billed - wanted);
    policy(plant.tick());
  }
  return { under, over, ...plant.count };
}
