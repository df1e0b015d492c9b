/**
 * Plays a load against a policy in virtual time, and measures the result.
 *
 * @module
 */
import { type Arrived, SimulatedFleet } from "./fleet.ts";
import { instancesNeeded, type Load } from "./load/load.ts";
import { type Measures, Tally } from "./measures.ts";
import { UNKIND, type World } from "./world.ts";

/**
 * An autoscaler's policy at work. The simulation calls it once a second, with the datapoints that become readable at this second, and
 * the policy starts and stops instances of its fleet.
 */
export type Player = (arrived: Arrived | undefined) => void;

/** Makes the player of a policy for a fleet. */
export type Policy = (fleet: SimulatedFleet) => Player;

/** The result of a load. */
export interface Played extends Measures {
  /** The number of instances in service at each second. */
  readonly inService: Uint16Array;
}

/** How a load is played. */
export interface Setting {
  /** How AWS behaves. Default: {@linkcode UNKIND}. */
  readonly world?: World;
  /** The number of instances in service at the start, base included. Default: 1. */
  readonly inService?: number;
}

/** Plays a load against a policy. */
export function play(load: Load, policy: Policy, { world = UNKIND, inService = 1 }: Setting = {}): Played {
  const fleet = new SimulatedFleet(load, world, inService);
  const player = policy(fleet);
  const tally = new Tally();
  const serving = new Uint16Array(load.seconds);
  for (let second = 0; second < load.seconds; second++) {
    serving[second] = fleet.inService;
    tally.add(instancesNeeded(load.demand(second), load.fleet), fleet.inService, fleet.billed);
    player(fleet.tick());
  }
  return { ...tally.measures(fleet.count), inService: serving };
}
