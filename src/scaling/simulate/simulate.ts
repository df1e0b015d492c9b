/**
 * Simulates in virtual time how kas scales a fleet under a load.
 *
 * @module
 */
import type { Limits } from "../model/limits.ts";
import { type SimulatedAction, SimulatedAutoscaler } from "./autoscaler.ts";
import { SimulatedFleet } from "./fleet.ts";
import { instancesNeeded, type Load } from "./load.ts";
import { UNKIND, type World } from "./world.ts";

/** The input of a simulation. */
export interface Simulation {
  readonly load: Load;
  readonly limits: Limits;
  /** How AWS behaves. Default: {@linkcode UNKIND}. */
  readonly world?: World;
  /** The number of instances in service at the start. Default: 1. */
  readonly inService?: number;
  /** Whether kas treats each datapoint as if it began now. A test shows with it what damage late metrics would cause. */
  readonly trustOldReadings?: boolean;
}

/** The result of a simulation. */
export interface Outcome {
  readonly actions: readonly SimulatedAction[];
  readonly starts: number;
  readonly stops: number;
  /** The number of seconds in which the load used the whole CPU of all instances in service. */
  readonly saturated: number;
  /** The largest number of instances in service or joining that the load did not need at a second. */
  readonly mostAboveNeed: number;
  /** The number of instances in service at each second. */
  readonly inService: readonly number[];
}

/** Runs a simulation. */
export function simulate(
  { load, limits, world = UNKIND, inService = 1, trustOldReadings = false }: Simulation,
): Outcome {
  const fleet = new SimulatedFleet(load, world, inService);
  const autoscaler = new SimulatedAutoscaler(fleet, limits, trustOldReadings);
  const serving: number[] = [];
  let saturated = 0;
  let mostAboveNeed = 0;
  for (let second = 0; second < load.seconds; second++) {
    const demand = load.demand(second);
    const capacity = fleet.in("in-service", "booting", "registering").length;
    serving.push(fleet.inService);
    if (demand >= fleet.inService) saturated++;
    mostAboveNeed = Math.max(mostAboveNeed, capacity - instancesNeeded(demand, load.fleet));
    autoscaler.tick(fleet.tick());
  }
  return { actions: autoscaler.actions, ...fleet.count, saturated, mostAboveNeed, inService: serving };
}
