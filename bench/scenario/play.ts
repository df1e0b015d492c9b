/**
 * Plays a load against a policy in virtual time, and counts the results.
 *
 * @module
 */
import { type Datapoints, SimulatedFleet } from "../../src/scaling/simulate/fleet.ts";
import { instancesNeeded, type Load } from "../../src/scaling/simulate/load.ts";
import { UNKIND, type World } from "../../src/scaling/simulate/world.ts";

/**
 * A policy of an autoscaler. The simulation calls it once per second, with the datapoints that become readable in this
 * second, and it starts and stops instances of its fleet.
 */
export type Policy = (points: Datapoints | undefined) => void;

/** The results of a load. */
export interface Tally {
  /** The number of seconds with fewer instances in service than the load needed. */
  readonly under: number;
  /** The number of billed instance-seconds beyond what the load needed. */
  readonly over: number;
  readonly starts: number;
  readonly stops: number;
}

/** Plays a load against a policy. Returns the results. */
export function playLoad(
  load: Load,
  make: (fleet: SimulatedFleet) => Policy,
  world: World = UNKIND,
): Tally {
  const fleet = new SimulatedFleet(load, world);
  const policy = make(fleet);
  let under = 0;
  let over = 0;
  for (let second = 0; second < load.seconds; second++) {
    const wanted = instancesNeeded(load.demand(second), load.fleet);
    let inService = 0;
    let billed = 0;
    for (const { phase } of fleet.machines) {
      if (phase === "in-service") inService++;
      if (phase !== "stopped" && phase !== "stopping") billed++;
    }
    if (inService < wanted) under++;
    over += Math.max(0, billed - wanted);
    policy(fleet.tick());
  }
  return { under, over, ...fleet.count };
}
